# SPDX-License-Identifier: Apache-2.0
"""Notices a policy that pushes against its limits nearly all the time."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS, Instant
from vla_safety.situation import Situation
from vla_safety.source import Command
from vla_safety.specification import Specification
from vla_safety.velocity import AXES

MAX_RATIO = Specification(
    name="saturation.max_ratio",
    kind=float,
    default=0.8,
    description="Share of the commands that may be at or beyond a velocity limit",
    low=0.01,
    high=1.0,
    looser="higher",
)
TIME = Specification(
    name="saturation.time",
    kind=float,
    default=3.0,
    description="Time constant over which the share is taken",
    unit="s",
    low=0.1,
    high=600.0,
    looser="higher",
)

_AT_LIMIT = 0.999
_LONGEST_STEP_S = 0.1


class Saturation(Check):
    """Finds that the running mean of saturated commands is above `max_ratio`."""

    name: ClassVar[str] = "saturation"
    severity: ClassVar[Severity] = Severity.SLOW
    of_policy: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (MAX_RATIO, TIME)

    def __init__(self) -> None:
        self._ratio = 0.0
        self._at_ns: int | None = None

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take ratio and time, and the velocity limits."""
        self._max_ratio: float = values[MAX_RATIO.name]
        self._time_s: float = values[TIME.name]
        self._share: float = values["slow_share"]
        self._limits = {axis: values[f"{axis}.max_velocity"] for axis in values["axes"]}

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """Nothing: the command is only counted."""
        last_ns, self._at_ns = self._at_ns, now.steady_ns
        if last_ns is not None:
            step_s = min((now.steady_ns - last_ns) / SECOND_NS, _LONGEST_STEP_S)
            weight = 1.0 - exp(-step_s / self._time_s)
            self._ratio += weight * (self._is_saturated(command) - self._ratio)
        return None

    def watch(self, situation: Situation) -> Finding | None:
        """A finding while too many are."""
        if self._ratio <= self._max_ratio:
            return None
        return self.finding(
            "saturation",
            f"more than {MAX_RATIO.name} {self._max_ratio:g} of the commands are at a limit",
            value=self._ratio,
            limit=self._max_ratio,
            share=self._share,
        )

    def report(self) -> Mapping[str, str]:
        """The share at present."""
        return {"saturation": f"{self._ratio:.2f}"}

    def _is_saturated(self, command: Command) -> bool:
        return any(
            abs(value) >= _AT_LIMIT * self._limits[axis]
            for axis, value in zip(AXES, command.velocity, strict=True)
            if axis in self._limits
        )
