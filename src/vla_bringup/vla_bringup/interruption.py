# SPDX-License-Identifier: Apache-2.0
"""Signals and the overall time limit as one exception, raised at most once."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


class Interruption(BaseException):
    """The run has to end now; the text says why.

    Attributes:
        exit_status: what the process should end with.
    """

    def __init__(self, reason: str, exit_status: int) -> None:
        super().__init__(reason)
        self.exit_status = exit_status


@contextlib.contextmanager
def interruptible(limit_s: float = 0.0) -> Iterator[None]:
    """Within the block SIGINT, SIGTERM, SIGHUP and the time limit, if any, raise `Interruption`.

    Only the first one does: the clean-up that it starts is not interrupted again.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        ignore_interruptions()
        if number == signal.SIGALRM:
            raise Interruption(f"not done after {limit_s:.0f} s", 1)
        raise Interruption(f"interrupted ({signal.Signals(number).name})", 128 + number)

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_interruptions() -> None:
    """Let nothing interrupt what follows, until the block of `interruptible` ends."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
