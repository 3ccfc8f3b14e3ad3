# SPDX-License-Identifier: Apache-2.0
"""What our processes take of the machine, and whether one of them is gone."""

from __future__ import annotations

from collections.abc import Sequence

from vla_monitor.check import Check, Fact, summarise
from vla_monitor.gpu import GpuSample
from vla_monitor.report import Report, Value
from vla_monitor.resources import ProcessSample
from vla_monitor.settings import Settings


class _Watched:
    """One program that was seen at least once."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.newest: ProcessSample | None = None
        self.starts = 0
        self._pid: int | None = None
        self._gone = Fact(f"{name}: its process is gone", settings)
        self._memory = Check(f"{name}: memory", "processes.memory_mb", settings)
        self._cpu = Check(f"{name}: CPU time", "processes.cpu_percent", settings)
        self.checks = (self._gone, self._memory, self._cpu)

    def update(self, sample: ProcessSample | None, now_s: float) -> None:
        if sample is not None and sample.pid != self._pid:
            self._pid, self.starts = sample.pid, self.starts + 1
        self.newest = sample
        self._gone.update(sample is None, now_s)
        self._memory.update(None if sample is None else sample.memory_mb, now_s)
        self._cpu.update(None if sample is None else sample.cpu_percent, now_s)


class ProcessMeasure:
    """CPU time and memory of each program; one that was there once and is not now is bad."""

    SUBJECT = "Processes"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watched: dict[str, _Watched] = {}
        self._samples: dict[str, ProcessSample] = {}

    def sample(self, samples: Sequence[ProcessSample]) -> None:
        """Notes what runs just now."""
        self._samples = {sample.name: sample for sample in samples}
        for name in self._samples:
            self._watched.setdefault(name, _Watched(name, self._settings))

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        for name, watched in self._watched.items():
            watched.update(self._samples.get(name), now_s)
        checks = [check for watched in self._watched.values() for check in watched.checks]
        level, message = summarise(checks, f"processes that run: {len(self._samples)}")
        return Report(self.SUBJECT, level, message, self._values())

    def _values(self) -> dict[str, Value]:
        values: dict[str, Value] = {
            "count": len(self._samples),
            "cpu_percent": sum(each.cpu_percent for each in self._samples.values()),
            "memory_mb": sum(each.memory_mb for each in self._samples.values()),
        }
        for name, watched in sorted(self._watched.items()):
            sample = watched.newest
            values[f"{name}.running"] = int(sample is not None)
            values[f"{name}.starts"] = watched.starts
            values[f"{name}.cpu_percent"] = 0.0 if sample is None else sample.cpu_percent
            values[f"{name}.memory_mb"] = 0.0 if sample is None else sample.memory_mb
        return values


class GpuMeasure:
    """How busy the GPUs are and how full their memory is."""

    SUBJECT = "GPU"

    def __init__(self, settings: Settings) -> None:
        self._samples: Sequence[GpuSample] = ()
        self._full = Check("GPU: memory in use", "gpu.memory_percent", settings)

    def sample(self, samples: Sequence[GpuSample]) -> None:
        """Notes what they do just now."""
        self._samples = samples

    def report(self, now_s: float) -> Report | None:
        """Level and values now; None where there is no GPU."""
        if not self._samples:
            return None
        fullest = max(100.0 * each.memory_mb / each.memory_total_mb for each in self._samples)
        self._full.update(fullest, now_s)
        level, message = summarise([self._full], "there is room in the GPU's memory")
        values: dict[str, Value] = {"count": len(self._samples)}
        for each in self._samples:
            values[f"{each.index}.busy_percent"] = each.busy_percent
            values[f"{each.index}.memory_mb"] = each.memory_mb
            values[f"{each.index}.memory_total_mb"] = each.memory_total_mb
        return Report(self.SUBJECT, level, message, values)
