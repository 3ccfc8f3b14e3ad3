# SPDX-License-Identifier: Apache-2.0
"""How often something happens, how often it did lately, and how long ago it last did."""

from __future__ import annotations

from vla_monitor.window import SlidingWindow


class Stream:
    """The events of one topic: running total, rate over the last seconds, silence."""

    def __init__(self, span_s: float, start_s: float) -> None:
        self._span_s = span_s
        self._start_s = start_s
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._events = SlidingWindow()
        self.count = 0

    @property
    def seen(self) -> bool:
        """Whether anything has ever arrived."""
        return self._first_s is not None

    def tick(self, now_s: float) -> None:
        """Notes one event."""
        if self._first_s is None:
            self._first_s = now_s
        self._last_s = now_s
        self.count += 1
        self._events.add(1.0, now_s)

    def rate_hz(self, now_s: float) -> float | None:
        """Events a second over the span; None until the span has passed since the first.

        Counting over the whole span makes a stream that stops fall to 0 by itself.
        """
        if self._first_s is None or now_s - self._first_s < self._span_s:
            return None
        return self._events.count(now_s, self._span_s) / self._span_s

    def silence_s(self, now_s: float) -> float:
        """Seconds since the last event, or since the start when there was none."""
        return now_s - (self._start_s if self._last_s is None else self._last_s)


class RunningTotal:
    """Turns a total that another process counts into what was added since last time."""

    def __init__(self) -> None:
        self.total = 0

    def update(self, total: int) -> int:
        """What was added, at least 0. A smaller total means the process started anew."""
        added = total - self.total if total >= self.total else total
        self.total = total
        return added
