# SPDX-License-Identifier: Apache-2.0
"""Goes back along the way that the robot came."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any, ClassVar

from vla_safety.clearance import Body
from vla_safety.fallback import Fallback
from vla_safety.instant import SECOND_NS
from vla_safety.situation import Situation
from vla_safety.specification import Looser, Specification
from vla_safety.surroundings import Surroundings
from vla_safety.trail import Trail
from vla_safety.velocity import ZERO, Velocity


def _number(
    name: str, default: float, description: str, unit: str, high: float, looser: Looser
) -> Specification:
    return Specification(
        f"retreat.{name}", float, default, description, unit, low=0.01, high=high, looser=looser
    )


DISTANCE = _number("distance", 0.3, "How far retreat goes back", "m", 10.0, "higher")
VELOCITY = _number("velocity", 0.15, "How fast it goes back", "m/s", 5.0, "higher")
CLEARANCE = _number("clearance", 0.15, "What has to be free behind the robot", "m", 5.0, "lower")

# Half of the sector [rad] around the way back that the scanner has to see.
_SECTOR = pi / 6
_LATERAL_MARGIN = 0.03
_LONGEST_STEP_S = 0.04


class Retreat(Fallback):
    """Drives the last bit of the way once more, the other way round, and then stands.

    Only while the scanner sees that the way back is free; a scanner that does not look there, or
    none, leaves it where it is. A turn on the spot ends the way that is known to be free.
    """

    name: ClassVar[str] = "retreat"
    parameters: ClassVar[tuple[Specification, ...]] = (DISTANCE, VELOCITY, CLEARANCE)

    def __init__(self) -> None:
        self._trail = Trail()
        self._seen_ns: int | None = None
        self._left = 0.0

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the parameters."""
        self._distance: float = values[DISTANCE.name]
        self._velocity: float = values[VELOCITY.name]
        self._clearance: float = values[CLEARANCE.name]
        self._body = Body(values["robot_radius"], 0.0, _LATERAL_MARGIN)

    def observe(self, situation: Situation) -> None:
        """Note the way."""
        self._trail.add(situation.previous, self._step_s(situation))

    def begin(self, situation: Situation) -> None:
        """From here on count what is left to go back."""
        self.observe(situation)
        self._left = self._distance

    def drive(self, situation: Situation) -> Velocity:
        """Back along the newest piece of the way, or zero."""
        self._follow(situation.previous, self._step_s(situation))
        piece = self._trail.last()
        if piece is None or piece.on_the_spot or self._left <= 0.0:
            return ZERO
        speed = -self._velocity if piece.length > 0.0 else self._velocity
        curvature = piece.turn / piece.length
        if not self._is_free(situation.surroundings, speed, curvature):
            return ZERO
        return Velocity(linear_x=speed, angular_z=speed * curvature)

    def _follow(self, driven: Velocity, step_s: float) -> None:
        """Count off what was driven back; what still led on belongs to the way."""
        piece = self._trail.last()
        if piece is not None and driven.linear_x * piece.length < 0.0:
            back = abs(driven.linear_x) * step_s
            self._left -= back
            self._trail.drop(back)
        elif driven.linear_x:
            self._trail.add(driven, step_s)

    def _is_free(self, surroundings: Surroundings | None, speed: float, curvature: float) -> bool:
        direction = pi if speed < 0.0 else 0.0
        if surroundings is None or surroundings.silent:
            return False
        if not surroundings.sees(direction, _SECTOR):
            return False
        # Seen along the motion, the same arc bends the other way when the robot backs up.
        bend = -curvature if speed < 0.0 else curvature
        return self._body.free_distance(surroundings.towards(direction), bend) > self._clearance

    def _step_s(self, situation: Situation) -> float:
        now_ns = situation.now.steady_ns
        last_ns, self._seen_ns = self._seen_ns, now_ns
        if last_ns is None:
            return 0.0
        return min(max(now_ns - last_ns, 0) / SECOND_NS, _LONGEST_STEP_S)
