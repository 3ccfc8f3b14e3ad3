# SPDX-License-Identifier: Apache-2.0
"""What becomes of memory that a step of training has no more use for."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # glibc's malloc.h
_NEVER = -1
_LARGEST = 2**31 - 1
_STEP = 256 * 2**20


def keep_memory() -> bool:
    """Let this process keep what it frees, for its next step needs just as much.

    Else the C library gives every large tensor back to the system and asks for it again, page by
    page: half of a step on a processor. What the user has set by the environment stays.

    Returns:
        Whether the C library lets itself be told (glibc does).
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is None:
        return False
    settings = ((_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, _NEVER), (_TOP_PAD, _STEP))
    return all(tell(name, value) for name, value in settings)


def release_memory() -> None:
    """Give the system what this process has freed, where others are to work meanwhile.

    A training of long histories frees 15 GB.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
