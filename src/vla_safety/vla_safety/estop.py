# SPDX-License-Identifier: Apache-2.0
"""The e-stop latch: easy to trigger, and released only by an explicit and harmless reset."""

from __future__ import annotations

from vla_safety.answer import Answer
from vla_safety.instant import SECOND_NS


class EStop:
    """Latches on its input, a trigger or a missing heartbeat, until `reset` is granted.

    `cause`: the gate ended while latched for this cause, and begins so again.
    """

    def __init__(self, cause: str = "") -> None:
        self.latched = bool(cause)
        self.input_active = False
        self.cause = cause
        self._heard_ns: int | None = None
        self._missing = False

    def set_input(self, active: bool, name: str, now_steady_ns: int = 0) -> None:
        """Take the state of the input called `name`; true latches, false releases nothing."""
        self._heard_ns = now_steady_ns
        self._missing = False
        self.input_active = active
        if active:
            self.latch(f"{name} is true")

    def expect_beat(self, name: str, timeout_ns: int, now_steady_ns: int) -> None:
        """Latch when the input called `name` was silent for more than `timeout_ns`.

        The first call begins the first wait.
        """
        if self._heard_ns is None:
            self._heard_ns = now_steady_ns
        if now_steady_ns - self._heard_ns > timeout_ns:
            self._missing = True
            self.latch(f"{name} was silent for more than {timeout_ns / SECOND_NS:g} s")

    def latch(self, cause: str) -> None:
        """Latch; the first cause is the one that is told."""
        if not self.latched:
            self.latched = True
            self.cause = cause

    def reset(self, wants_to_move: bool) -> Answer:
        """Release the latch, unless the input is not free or a source commands a movement."""
        if not self.latched:
            return Answer(True, "the e-stop is not latched")
        if self.input_active:
            return Answer(
                False, "e-stop stays latched: its input is still true; release it and reset again"
            )
        if self._missing:
            return Answer(
                False, "e-stop stays latched: its heartbeat is missing; bring it back and reset"
            )
        if wants_to_move:
            return Answer(
                False,
                "e-stop stays latched: the incoming command is not zero and the robot would drive "
                "off; send an empty instruction (stop) and reset again",
            )
        cause, self.latched, self.cause = self.cause, False, ""
        return Answer(True, f"e-stop reset (it was latched because {cause})")
