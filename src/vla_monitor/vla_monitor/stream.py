# SPDX-License-Identifier: Apache-2.0
"""How often something happens, how often it did lately, and how long ago it last did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_monitor.window import SlidingWindow, quantile


@dataclass(frozen=True)
class Jitter:
    """Mean and largest distance of an interval from their median [ms]; NaN without any."""

    mean_ms: float
    max_ms: float


NO_JITTER = Jitter(math.nan, math.nan)


class Stream:
    """The events of one topic: running total, rate over the last seconds, silence, intervals."""

    def __init__(self, span_s: float, start_s: float) -> None:
        self._span_s = span_s
        self._start_s = start_s
        self._first_s: float | None = None
        self._last_s: float | None = None
        self.intervals_ms = SlidingWindow()
        self.count = 0

    @property
    def seen(self) -> bool:
        """Whether anything has ever arrived."""
        return self._first_s is not None

    def tick(self, now_s: float) -> float | None:
        """Notes one event; the time since the one before it [s], None for the first."""
        interval_s = None if self._last_s is None else now_s - self._last_s
        if self._first_s is None:
            self._first_s = now_s
        self._last_s = now_s
        self.count += 1
        if interval_s is not None:
            self.intervals_ms.add(1e3 * interval_s, now_s)
        return interval_s

    def rate_hz(self, now_s: float) -> float | None:
        """Events a second over the span; None until the span has passed since the first.

        Counting over the whole span makes a stream that stops fall to 0 by itself.
        """
        if not self._known(now_s):
            return None
        return self.intervals_ms.count(now_s, self._span_s) / self._span_s

    def pace_hz(self, now_s: float) -> float | None:
        """Events a second over the span while they came; None as long as that is not known.

        Silence does not count, neither that since the newest event nor one that is over: it is
        a fault of its own, and a stream that stops would be told as a slow one before and after.
        """
        if not self._known(now_s):
            return None
        intervals_ms = self._flowing_ms(now_s)
        total_ms = float(intervals_ms.sum())
        return 1e3 * len(intervals_ms) / total_ms if total_ms > 0.0 else None

    def jitter(self, now_s: float) -> Jitter:
        """How uneven the events of the span came; as for the pace, silence does not count."""
        intervals_ms = self._flowing_ms(now_s)
        if not len(intervals_ms):
            return NO_JITTER
        distances_ms = np.abs(intervals_ms - quantile(np.sort(intervals_ms), 0.5))
        return Jitter(float(distances_ms.mean()), float(distances_ms.max()))

    def silence_s(self, now_s: float) -> float:
        """Seconds since the last event, or since the start when there was none."""
        return now_s - (self._start_s if self._last_s is None else self._last_s)

    def _flowing_ms(self, now_s: float) -> npt.NDArray[np.float64]:
        intervals_ms = self.intervals_ms.values(now_s, self._span_s)
        return intervals_ms[intervals_ms < 1e3 * self._span_s]

    def _known(self, now_s: float) -> bool:
        return self._first_s is not None and now_s - self._first_s >= self._span_s


class RunningTotal:
    """Turns a total that another process counts into what was added since last time."""

    def __init__(self, since_start: bool = True) -> None:
        """Without `since_start` the first total is where counting begins, and adds nothing."""
        self.total = 0
        self._counting = since_start

    def update(self, total: int) -> int:
        """What was added, at least 0. A smaller total means the process started anew."""
        added = total - self.total if total >= self.total else total
        added = added if self._counting else 0
        self.total, self._counting = total, True
        return added
