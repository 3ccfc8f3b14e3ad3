# SPDX-License-Identifier: Apache-2.0
"""CPU time and memory of the processes of one robot on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import psutil

NAMESPACE = "__ns:="
DOMAIN = "ROS_DOMAIN_ID"
SETTLED_AFTER_S = 5.0  # a younger process may still be the shell that is about to become ours


@dataclass(frozen=True)
class ProcessSample:
    """What one program takes: percent of one core since the last sample, and memory."""

    name: str
    pid: int
    cpu_percent: float
    memory_mb: float


@dataclass
class _Known:
    name: str
    process: psutil.Process
    cpu_s: float
    at_s: float


def program_of(arguments: Sequence[str], names: Collection[str], namespace: str) -> str | None:
    """Which of the programs a command line runs in this namespace; None for any other.

    A Python program is the interpreter's argument, so the first two are looked at. A command
    line that names no namespace runs in `/`.
    """
    found = [PurePath(argument).name for argument in arguments[:2]]
    name = next((each for each in found if each in names), None)
    given = [a[len(NAMESPACE) :] for a in arguments if a.startswith(NAMESPACE)]
    theirs = given[-1] if given else "/"
    return name if theirs.strip("/") == namespace.strip("/") else None


class ProcessTable:
    """Finds the programs of one robot among all processes, and samples what they take.

    The command line of a process is read once; from then on one that is not ours costs nothing.
    Programs of another ROS domain are another robot's.
    """

    def __init__(
        self,
        names: Collection[str],
        namespace: str,
        pids: Callable[[], Iterable[int]] = psutil.pids,
    ) -> None:
        self._names = names
        self._namespace = namespace
        self._pids = pids
        self._domain = os.environ.get(DOMAIN) or "0"
        self._ours: dict[int, _Known] = {}
        self._others: set[int] = set()

    def sample(self, now_s: float) -> list[ProcessSample]:
        """What each program takes; two processes of one program are added up."""
        pids = set(self._pids())
        self._others &= pids
        for pid in pids - self._others - self._ours.keys():
            self._look_at(pid, now_s)
        samples: dict[str, ProcessSample] = {}
        for pid in sorted(self._ours):
            sample = self._measure(pid, now_s)
            if sample is not None:
                samples[sample.name] = _added(samples.get(sample.name), sample)
        return list(samples.values())

    def _look_at(self, pid: int, now_s: float) -> None:
        try:
            process = psutil.Process(pid)
            name = program_of(process.cmdline(), self._names, self._namespace)
            if name is not None and self._domain_of(process) == self._domain:
                self._ours[pid] = _Known(name, process, _cpu_s(process), now_s)
            elif time.time() - process.create_time() > SETTLED_AFTER_S:
                self._others.add(pid)
        except psutil.Error:
            self._others.add(pid)

    def _domain_of(self, process: psutil.Process) -> str:
        try:
            return process.environ().get(DOMAIN) or "0"
        except psutil.AccessDenied:  # of another user: taken for ours rather than missed
            return self._domain

    def _measure(self, pid: int, now_s: float) -> ProcessSample | None:
        known = self._ours[pid]
        try:
            with known.process.oneshot():
                if known.process.status() == psutil.STATUS_ZOMBIE:
                    raise psutil.NoSuchProcess(pid)
                cpu_s = _cpu_s(known.process)
                memory_mb = known.process.memory_info().rss / 1e6
        except psutil.Error:
            del self._ours[pid]
            self._others.add(pid)  # a zombie stays in the table until its parent looks
            return None
        elapsed_s = now_s - known.at_s
        percent = 100.0 * (cpu_s - known.cpu_s) / elapsed_s if elapsed_s > 0.0 else 0.0
        known.cpu_s, known.at_s = cpu_s, now_s
        return ProcessSample(known.name, pid, percent, memory_mb)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _added(one: ProcessSample | None, other: ProcessSample) -> ProcessSample:
    if one is None:
        return other
    return ProcessSample(
        other.name,
        other.pid,
        one.cpu_percent + other.cpu_percent,
        one.memory_mb + other.memory_mb,
    )
