# SPDX-License-Identifier: Apache-2.0
"""Turns toward free space."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any, ClassVar

from vla_safety.clearance import Body
from vla_safety.fallback import Fallback
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.surroundings import Surroundings
from vla_safety.velocity import ZERO, Velocity

ANGULAR_VELOCITY = Specification(
    name="avoid.angular_velocity",
    kind=float,
    default=0.6,
    description="How fast avoid turns",
    unit="rad/s",
    low=0.01,
    high=10.0,
    looser="higher",
)
CLEARANCE = Specification(
    name="avoid.clearance",
    kind=float,
    default=0.8,
    description="Way that has to be free ahead for avoid to be done",
    unit="m",
    low=0.01,
    high=50.0,
    looser="lower",
)

_LATERAL_MARGIN = 0.03
_BEARINGS = tuple(turn * pi / 18 for turn in range(1, 19))  # every ten degrees to behind


class Avoid(Fallback):
    """Stands and turns, always the same way round, until the way ahead is free.

    The way round is the shorter one to a free way, or to the freest. Without a scan it stands.
    """

    name: ClassVar[str] = "avoid"
    parameters: ClassVar[tuple[Specification, ...]] = (ANGULAR_VELOCITY, CLEARANCE)

    def __init__(self) -> None:
        self._side = 0.0

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the parameters."""
        self._rate: float = values[ANGULAR_VELOCITY.name]
        self._clearance: float = values[CLEARANCE.name]
        self._body = Body(values["robot_radius"], 0.0, _LATERAL_MARGIN)

    def begin(self, situation: Situation) -> None:
        """Choose the way round anew."""
        self._side = 0.0

    def drive(self, situation: Situation) -> Velocity:
        """A turn on the spot, or zero."""
        surroundings = situation.surroundings
        if surroundings is None or surroundings.silent:
            return ZERO
        if self._free(surroundings, 0.0) >= self._clearance:
            return ZERO
        self._side = self._side or self._shorter_side(surroundings)
        return Velocity(angular_z=self._side * self._rate)

    def _shorter_side(self, surroundings: Surroundings) -> float:
        best, side = 0.0, 1.0
        for bearing in _BEARINGS:
            for sign in (1.0, -1.0):
                free = min(self._free(surroundings, sign * bearing), self._clearance)
                if free > best:
                    best, side = free, sign
        return side

    def _free(self, surroundings: Surroundings, direction: float) -> float:
        return self._body.free_distance(surroundings.towards(direction), 0.0)
