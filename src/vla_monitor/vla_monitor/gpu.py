# SPDX-License-Identifier: Apache-2.0
"""Use and memory of NVIDIA GPUs, read from the library that their driver brings."""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
SUCCESS = 0


@dataclass(frozen=True)
class GpuSample:
    """How busy one GPU was in its last sample period, and its memory."""

    index: int
    busy_percent: float
    memory_mb: float
    memory_total_mb: float


class _Utilisation(ctypes.Structure):
    """nvmlUtilization_t of the NVML reference."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    """nvmlMemory_t of the NVML reference, bytes."""

    _fields_ = tuple((name, ctypes.c_ulonglong) for name in ("total", "free", "used"))


class Gpus:
    """The GPUs of this machine; none where there is no driver."""

    def __init__(self, library: Any = None) -> None:
        """`library`: NVML, by default the driver's own."""
        self._library = _load() if library is None else library
        self._handles: list[ctypes.c_void_p] = []
        if self._library is not None and self._library.nvmlInit_v2() == SUCCESS:
            self._handles = self._find()

    def sample(self) -> list[GpuSample]:
        """What each GPU does now; one that does not answer is left out."""
        samples = (self._measure(i, handle) for i, handle in enumerate(self._handles))
        return [sample for sample in samples if sample is not None]

    def _find(self) -> list[ctypes.c_void_p]:
        count = ctypes.c_uint()
        if self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != SUCCESS:
            return []
        handles = []
        for index in range(count.value):
            handle = ctypes.c_void_p()
            got = self._library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
            if got == SUCCESS:
                handles.append(handle)
        return handles

    def _measure(self, index: int, handle: ctypes.c_void_p) -> GpuSample | None:
        use, memory = _Utilisation(), _Memory()
        library = self._library
        answers = (
            library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(use)),
            library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)),
        )
        if answers != (SUCCESS, SUCCESS):
            return None
        return GpuSample(index, float(use.gpu), memory.used / 1e6, memory.total / 1e6)


def _load() -> Any:
    with contextlib.suppress(OSError):
        return ctypes.CDLL(LIBRARY)
    return None
