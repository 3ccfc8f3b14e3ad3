# SPDX-License-Identifier: Apache-2.0
"""How the camera does: rate, silence, gaps between images."""

from __future__ import annotations

from vla_monitor import topics
from vla_monitor.check import StreamWatch, summarise
from vla_monitor.report import Report, quantile_values
from vla_monitor.settings import Settings
from vla_monitor.window import SlidingWindow


class CameraMeasure:
    """Counts images by the stamps of their headers; a repeated stamp is not a new image."""

    SUBJECT = "Camera"

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._settings = settings
        self._watch = StreamWatch("camera", "camera", topics.CAMERA_INFO, settings, start_s)
        self._gaps_ms = SlidingWindow()
        self._stamp_ns: int | None = None
        self._repeated = 0

    def image(self, stamp_ns: int, now_s: float) -> None:
        """Notes the header of one image."""
        if stamp_ns == self._stamp_ns:
            self._repeated += 1
            return
        self._stamp_ns = stamp_ns
        if self._watch.stream.seen:
            self._gaps_ms.add(1e3 * self._watch.stream.silence_s(now_s), now_s)
        self._watch.stream.tick(now_s)

    def rate_hz(self, now_s: float) -> float | None:
        """Images a second over the level window; None until it has passed once."""
        return self._watch.stream.rate_hz(now_s)

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        self._watch.update(now_s)
        gaps = self._gaps_ms.quantiles(now_s, self._settings.window_s)
        level, message = summarise(self._watch.checks, "images arrive")
        values = self._watch.values(now_s) | quantile_values(gaps, prefix="interval_")
        return Report(self.SUBJECT, level, message, values | {"repeated_stamps": self._repeated})
