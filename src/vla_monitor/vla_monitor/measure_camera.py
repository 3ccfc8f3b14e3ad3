# SPDX-License-Identifier: Apache-2.0
"""How the camera does: rate, silence, jitter, and whether its picture moves with the robot."""

from __future__ import annotations

from collections.abc import Mapping

from vla_monitor import topics
from vla_monitor.check import Check, StreamWatch, summarise
from vla_monitor.report import Report, Value
from vla_monitor.settings import Settings

MAX_GAP_S = 0.5  # between two pictures; over a longer one nobody knows what was driven
MAX_DELAY_MS = 1e7  # beyond that a stamp is of another clock, and the difference says nothing


class PictureWatch:
    """For how long the robot has been driven with the picture staying the same.

    A picture that repeats itself is no fault while the robot stands still: a still camera in a
    still room may see just that. But a robot that was stopped because of it has not mended it.
    """

    def __init__(self) -> None:
        self.unchanged_s = 0.0
        self._seen_s: float | None = None
        self._driven = False

    def picture(self, repeated: bool, now_s: float) -> None:
        """Notes a picture, and whether it was the same as the one before."""
        if not repeated:
            self.unchanged_s = 0.0
        elif self._driven and self._seen_s is not None:
            self.unchanged_s += min(now_s - self._seen_s, MAX_GAP_S)
        self._seen_s = now_s

    def command(self, moving: bool) -> None:
        """Notes whether the robot is told to move just now."""
        self._driven = moving


class CameraMeasure:
    """Counts images by the stamps of their headers; a repeated stamp is not a new image."""

    SUBJECT = "Camera"

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._settings = settings
        self._watch = StreamWatch("camera", "camera", topics.CAMERA_INFO, settings, start_s)
        self._pictures = PictureWatch()
        self._stamp_ns: int | None = None
        self._repeated = 0
        self._backwards = 0
        self._delay_ms = 0.0
        self._uneven = Check("camera: mean deviation of intervals", "camera.jitter_ms", settings)
        self._frozen = Check(
            "camera: frozen, the robot is driven and its picture is the same for",
            "camera.unchanged_s",
            settings,
        )

    def image(self, stamp_ns: int, at_ns: int, now_s: float) -> float | None:
        """Notes the header of one image received at `at_ns` (node clock).

        Returns the time since the image before it [s]; None for the first, and for a stamp that
        came before.
        """
        if stamp_ns == self._stamp_ns:
            self._repeated += 1
            return None
        if self._stamp_ns is not None and stamp_ns < self._stamp_ns:
            self._backwards += 1
        self._stamp_ns = stamp_ns
        self._delay_ms = (at_ns - stamp_ns) / 1e6
        return self._watch.stream.tick(now_s)

    def picture(self, repeated: bool, now_s: float) -> None:
        """Notes what the policy saw: whether it was the same picture as before."""
        self._pictures.picture(repeated, now_s)

    def command(self, moving: bool) -> None:
        """Notes whether the robot is told to move just now."""
        self._pictures.command(moving)

    def rate_hz(self, now_s: float) -> float | None:
        """Images a second over the level window; None until it has passed once."""
        return self._watch.stream.rate_hz(now_s)

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        self._watch.update(now_s)
        self._uneven.update(self._watch.stream.jitter(now_s).mean_ms, now_s)
        self._frozen.update(self._pictures.unchanged_s, now_s)
        checks = (*self._watch.checks, self._uneven, self._frozen)
        level, message = summarise(checks, "images arrive")
        return Report(self.SUBJECT, level, message, self._values(now_s))

    def topic_report(self, topic: str, camera: Report, now_s: float) -> Report:
        """The same under the topic's name, with the keys that greenwave_monitor has for them.

        Its jitter is in us, its tolerance in percent of the expected frequency. Rates by header
        and by arrival are the same here: an image is counted once, when its stamp moves.
        """
        expected_hz = self._settings.camera_expected_rate_hz
        warn_hz = self._settings.limits["camera.rate_hz"].warn
        jitter = self._watch.stream.jitter(now_s)
        rate_hz = camera.values["rate_hz"]
        timely = abs(self._delay_ms) < MAX_DELAY_MS
        values: dict[str, Value] = {
            "frame_rate_node": rate_hz,
            "frame_rate_msg": rate_hz,
            "current_delay_from_realtime_ms": self._delay_ms if timely else "N/A",
            "expected_frequency": expected_hz,
            "tolerance": max(0.0, 100.0 * (1.0 - warn_hz / expected_hz)),
            "mean_abs_jitter_node": 1e3 * jitter.mean_ms,
            "max_abs_jitter_node": 1e3 * jitter.max_ms,
            "num_non_increasing_msg": self._repeated + self._backwards,
        }
        return Report(topic, camera.level, camera.message, values, prefixed=False)

    def _values(self, now_s: float) -> Mapping[str, Value]:
        return {
            **self._watch.values(now_s),
            "repeated_stamps": self._repeated,
            "backward_stamps": self._backwards,
            "unchanged_s": self._pictures.unchanged_s,
        }
