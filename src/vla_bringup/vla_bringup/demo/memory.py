# SPDX-License-Identifier: Apache-2.0
"""How much memory everything together takes."""

from __future__ import annotations

import os
from collections.abc import Iterable

SAMPLE_EVERY_S = 1.0


class PeakMemory:
    """The largest sum of resident memory seen so far, ours included."""

    def __init__(self) -> None:
        self.peak_mb: float | None = None
        self._next_s = 0.0

    def sample(self, pids: Iterable[int], now_s: float) -> None:
        """Look at the processes, at most once a second; those that have ended count nothing."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + SAMPLE_EVERY_S
        total = sum(resident_mb(pid) for pid in (os.getpid(), *pids))
        self.peak_mb = round(max(self.peak_mb or 0.0, total), 1)


def resident_mb(pid: int) -> float:
    """Resident memory of a process [MB]; 0 if it is no more."""
    import psutil

    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
