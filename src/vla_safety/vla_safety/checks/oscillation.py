# SPDX-License-Identifier: Apache-2.0
"""Notices a policy that cannot make up its mind."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS, Instant
from vla_safety.situation import Situation
from vla_safety.source import Command
from vla_safety.specification import Specification
from vla_safety.velocity import AXES

MAX_FLIPS = Specification(
    name="oscillation.max_flips",
    kind=int,
    default=6,
    description="Changes of sign, or jumps, of a command's axis within a second",
    low=1,
    high=100,
    looser="higher",
)
DEADBAND = Specification(
    name="oscillation.deadband",
    kind=float,
    default=0.1,
    description="Share of the velocity limit below which a command has no sign",
    low=0.0,
    high=1.0,
    looser="higher",
)
MAX_JUMP = Specification(
    name="oscillation.max_jump",
    kind=float,
    default=1.0,
    description="Change between two commands, as a share of the velocity limit, that is a jump",
    low=0.1,
    high=2.0,
    looser="higher",
)

_APART_NS = SECOND_NS // 2  # commands further apart are not one movement


class Oscillation(Check):
    """Finds that an axis changes its sign, or jumps as at a bad chunk boundary, too often."""

    name: ClassVar[str] = "oscillation"
    severity: ClassVar[Severity] = Severity.SLOW
    of_policy: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (MAX_FLIPS, DEADBAND, MAX_JUMP)

    def __init__(self) -> None:
        self._axes: dict[str, _Axis] = {}

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take what counts, and as a measure the velocity limits."""
        self._max_flips: int = values[MAX_FLIPS.name]
        self._share: float = values["slow_share"]
        for axis in values["axes"]:
            limit = values[f"{axis}.max_velocity"]
            watched = self._axes.setdefault(axis, _Axis())
            watched.deadband = values[DEADBAND.name] * limit
            watched.jump = values[MAX_JUMP.name] * limit
            watched.flips = deque(watched.flips, maxlen=self._max_flips + 1)

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """Nothing: the command is only counted."""
        for axis, value in zip(AXES, command.velocity, strict=True):
            if axis in self._axes:
                self._axes[axis].take(value, now.steady_ns)
        return None

    def watch(self, situation: Situation) -> Finding | None:
        """A finding while there have been too many within the last second."""
        for axis, watched in self._axes.items():
            if watched.too_many(situation.now.steady_ns):
                return self.finding(
                    "oscillation",
                    f"{axis} changed its sign or jumped more than {MAX_FLIPS.name} "
                    f"{self._max_flips} times within a second",
                    value=float(len(watched.flips)),
                    limit=float(self._max_flips),
                    share=self._share,
                )
        return None


class _Axis:
    """The last value, the last sign and the last flips of one axis."""

    def __init__(self) -> None:
        self.deadband = self.jump = 0.0
        self.flips: deque[int] = deque()
        self._value = 0.0
        self._sign = 0
        self._at_ns: int | None = None

    def take(self, value: float, now_ns: int) -> None:
        sign = 0 if abs(value) <= self.deadband else 1 if value > 0.0 else -1
        if self._at_ns is not None and now_ns - self._at_ns <= _APART_NS:
            jumped = abs(value - self._value) > self.jump
            if jumped or sign * self._sign < 0:
                self.flips.append(now_ns)
        self._sign = sign or self._sign
        self._value, self._at_ns = value, now_ns

    def too_many(self, now_ns: int) -> bool:
        full = len(self.flips) == self.flips.maxlen
        return full and now_ns - self.flips[0] <= SECOND_NS
