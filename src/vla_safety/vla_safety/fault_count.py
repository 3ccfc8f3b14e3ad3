# SPDX-License-Identifier: Apache-2.0
"""Counts what a healthy source never does: once may be chance, three times is a broken one."""

from __future__ import annotations

from collections import deque

from vla_safety.instant import SECOND_NS

WINDOW_NS = SECOND_NS


class FaultCount:
    """Says when there have been `limit` faults within a second."""

    def __init__(self, limit: int) -> None:
        self._times: deque[int] = deque(maxlen=limit)

    def configure(self, limit: int) -> None:
        """Take another limit; what was counted stays."""
        self._times = deque(self._times, maxlen=limit)

    def add(self, now_steady_ns: int) -> bool:
        """Count one more; whether that makes too many."""
        self._times.append(now_steady_ns)
        full = len(self._times) == self._times.maxlen
        return full and now_steady_ns - self._times[0] <= WINDOW_NS
