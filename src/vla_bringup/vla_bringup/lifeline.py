# SPDX-License-Identifier: Apache-2.0
"""Children that cannot outlive the process that started them, even if that one is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def lifeline() -> Callable[[], None] | None:
    """What a new child has to call before it execs, or None where the kernel cannot help.

    Linux then kills the child when the thread that started it ends: start children from
    the main thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # The parent died before the kernel was told to watch it.

    return die_with_parent
