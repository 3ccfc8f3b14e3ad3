# SPDX-License-Identifier: Apache-2.0
"""The e-stop latch: easy to trigger, and released only by an explicit and harmless reset."""

from __future__ import annotations

from vla_safety.answer import Answer


class EStop:
    """Latches on its input or a trigger and keeps latched until `reset` is granted."""

    def __init__(self) -> None:
        self.latched = False
        self.input_active = False
        self.cause = ""

    def set_input(self, active: bool, name: str) -> None:
        """Take the state of the input called `name`; true latches, false releases nothing."""
        self.input_active = active
        if active:
            self.latch(f"{name} is true")

    def latch(self, cause: str) -> None:
        """Latch; the first cause is the one that is told."""
        if not self.latched:
            self.latched = True
            self.cause = cause

    def reset(self, wants_to_move: bool) -> Answer:
        """Release the latch, unless the input is still true or a source commands a movement."""
        if not self.latched:
            return Answer(True, "the e-stop is not latched")
        if self.input_active:
            return Answer(
                False, "e-stop stays latched: its input is still true; release it and reset again"
            )
        if wants_to_move:
            return Answer(
                False,
                "e-stop stays latched: the incoming command is not zero and the robot would drive "
                "off; send an empty instruction (stop) and reset again",
            )
        cause, self.latched, self.cause = self.cause, False, ""
        return Answer(True, f"e-stop reset (it was latched because {cause})")
