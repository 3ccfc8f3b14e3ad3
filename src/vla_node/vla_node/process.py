# SPDX-License-Identifier: Apache-2.0
"""How the process ends: on a signal, between two callbacks, with a last word to the robot."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)


class EndSignals:
    """Notes SIGINT and SIGTERM instead of ending at once, so that a zero can still be sent.

    rclpy's own handlers shut the context down first, after which nothing can be published.

    Attributes:
        asked: whether one of the signals has come.
        interrupts: whether a signal is also raised as KeyboardInterrupt where it strikes; for
            phases in which nothing moves and nobody looks at `asked`.
    """

    def __init__(self) -> None:
        self.asked = False
        self.interrupts = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> EndSignals:
        for number in _ENDING:
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self.interrupts:
            raise KeyboardInterrupt
