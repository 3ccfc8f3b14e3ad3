# SPDX-License-Identifier: Apache-2.0
"""What the processor can do, as far as a backend must know it."""

from __future__ import annotations

import functools
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


@functools.cache
def cpu_name() -> str:
    """Model of the processor, as the kernel calls it."""
    return _field("model name") or "unknown"


@functools.cache
def has_amx_bf16() -> bool:
    """Whether the processor multiplies bfloat16 matrices itself (Intel AMX)."""
    return "amx_bf16" in _field("flags").split()


def _field(name: str) -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
