# SPDX-License-Identifier: Apache-2.0
"""Limiting and measuring how often something happens."""

from __future__ import annotations

from collections import deque

_NS = 1_000_000_000


class RateLimiter:
    """Admits at most so many events a second, each at the instant at which it comes.

    An event up to a quarter of a period early is admitted, since the events of a camera jitter;
    the long-run rate stays below the limit all the same.
    """

    def __init__(self, rate_hz: float) -> None:
        """`rate_hz` of 0 admits everything."""
        self._period_ns = round(_NS / rate_hz) if rate_hz > 0 else 0
        self._slack_ns = self._period_ns // 4
        self._next_ns: int | None = None

    def admit(self, now_ns: int) -> bool:
        """Whether the event that happens now is within the limit."""
        if self._next_ns is None:
            self._next_ns = now_ns + self._period_ns
            return True
        if now_ns < self._next_ns - self._slack_ns:
            return False
        after_a_pause = now_ns + self._period_ns - self._slack_ns
        self._next_ns = max(self._next_ns + self._period_ns, after_a_pause)
        return True

    def reset(self) -> None:
        """Admit the next event, whenever it comes."""
        self._next_ns = None


class RateMeter:
    """Measures how many events a second there were in the last few seconds."""

    def __init__(self, window_s: float = 3.0) -> None:
        self._window_ns = round(window_s * _NS)
        self._times_ns: deque[int] = deque()

    def count(self, now_ns: int) -> None:
        """One event happens now."""
        self._times_ns.append(now_ns)
        self._forget(now_ns)

    def rate_hz(self, now_ns: int) -> float:
        """Events per second within the window that ends now."""
        self._forget(now_ns)
        if len(self._times_ns) < 2:
            return 0.0
        span_ns = now_ns - self._times_ns[0]
        return (len(self._times_ns) - 1) * _NS / span_ns if span_ns > 0 else 0.0

    def _forget(self, now_ns: int) -> None:
        while self._times_ns and self._times_ns[0] < now_ns - self._window_ns:
            self._times_ns.popleft()
