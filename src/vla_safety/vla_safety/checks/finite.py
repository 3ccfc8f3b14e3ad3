# SPDX-License-Identifier: Apache-2.0
"""Refuses a command with a number that is none."""

from __future__ import annotations

from typing import ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding
from vla_safety.instant import Instant
from vla_safety.source import Command
from vla_safety.velocity import AXES


class Finite(Check):
    """Finds NaN and infinities in any of the six fields, used or not."""

    name: ClassVar[str] = "finite"
    # A source that computes NaN knows nothing about the next 200 ms: no ramp.
    fallback: ClassVar[str] = "brake"

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """A finding when a field is NaN or infinite."""
        if command.velocity.finite:
            return None
        fields = ", ".join(
            f"{axis} is {value}"
            for axis, value in zip(AXES, command.velocity, strict=True)
            if value - value != 0.0  # NaN for NaN and for both infinities
        )
        return self.finding("not finite", f"the command is not finite: {fields}", fault=True)
