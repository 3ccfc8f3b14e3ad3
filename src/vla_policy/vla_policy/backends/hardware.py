# SPDX-License-Identifier: Apache-2.0
"""What the processor can do, as far as a backend must know it."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

BFLOAT16 = {"amx_bf16", "avx512_bf16"}
"""Instructions of x86 that multiply bfloat16: tiles (Intel's) or vectors (AMD's, too)."""
_CPU_INFO = Path("/proc/cpuinfo")


@functools.cache
def cpu_name() -> str:
    """Model of the processor, as the kernel calls it."""
    return _field("model name") or "unknown"


@functools.cache
def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions that multiply bfloat16."""
    return not BFLOAT16.isdisjoint(_field("flags").split())


def has_compiler() -> bool:
    """Whether there is a C++ compiler that PyTorch's can use for code of this processor."""
    return any(map(shutil.which, ("g++", "clang++")))


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
