# SPDX-License-Identifier: Apache-2.0
"""Tells a source that wants a little too much from one that talks nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.instant import Instant
from vla_safety.source import Command
from vla_safety.specification import Specification
from vla_safety.velocity import AXES, unit

FACTOR = Specification(
    name="bounds.fault_factor",
    kind=float,
    default=5.0,
    description="Times a velocity limit beyond which a command counts as a fault",
    low=1.0,
    high=1000.0,
    looser="higher",
)


class Bounds(Check):
    """Counts a command as a fault that is more than `fault_factor` times its limit.

    The command itself passes, cut down to the limits as any other; too many faults latch.
    """

    name: ClassVar[str] = "bounds"
    severity: ClassVar[Severity] = Severity.LATCH
    fallback: ClassVar[str] = "brake"
    parameters: ClassVar[tuple[Specification, ...]] = (FACTOR,)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the factor and the velocity limits."""
        self._factor: float = values[FACTOR.name]
        self._limits = {axis: values[f"{axis}.max_velocity"] for axis in values["axes"]}

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """A fault when a field is far beyond its limit."""
        for axis, value in zip(AXES, command.velocity, strict=True):
            limit = self._limits.get(axis)
            if limit is not None and abs(value) > self._factor * limit:
                return self.finding(
                    "far out of bounds",
                    f"{axis} {value:.6g} is more than {FACTOR.name} {self._factor:g} times "
                    f"{axis}.max_velocity {limit:g} {unit(axis)}",
                    value=value,
                    limit=self._factor * limit,
                    unit=unit(axis),
                    severity=Severity.CLAMP,
                    fault=True,
                )
        return None
