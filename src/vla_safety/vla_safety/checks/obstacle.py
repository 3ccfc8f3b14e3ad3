# SPDX-License-Identifier: Apache-2.0
"""Keeps the robot from driving into what its scanner sees."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2, hypot
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.clearance import Body, stopping_distance, stopping_speed
from vla_safety.finding import Finding, Severity
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.surroundings import SCAN_TIMEOUT, Surroundings
from vla_safety.velocity import Velocity

MARGIN = Specification(
    name="obstacle.margin",
    kind=float,
    default=0.06,
    description="Gap to an obstacle ahead at which the robot stands still",
    unit="m",
    low=0.0,
    high=5.0,
    looser="lower",
)
LATERAL_MARGIN = Specification(
    name="obstacle.lateral_margin",
    kind=float,
    default=0.03,
    description="Gap with which the robot drives past an obstacle unhindered",
    unit="m",
    low=0.0,
    high=5.0,
    looser="lower",
)
DECELERATION = Specification(
    name="obstacle.deceleration",
    kind=float,
    default=1.0,
    description="Rate of slowing down before an obstacle; never more than max_deceleration",
    unit="m/s2",
    low=0.001,
    high=1000.0,
    looser="higher",
)
REACTION_TIME = Specification(
    name="obstacle.reaction_time",
    kind=float,
    default=0.1,
    description="Time from a command until the base follows it",
    unit="s",
    low=0.0,
    high=5.0,
    looser="lower",
)

# A slower creep [m/s] before an obstacle is a standstill: the noise of a scan must not show.
_SLOWEST = 0.01


class Obstacle(Check):
    """Limits the linear velocity so that the robot can stop `margin` before what is in its way.

    Between two scans the robot's own commands tell where the points are now. Turning is never
    restricted, nor is driving away. Without any scan so far it does nothing; a scanner that has
    fallen silent allows turning only. The scan has to be free of the robot's own parts.
    """

    name: ClassVar[str] = "obstacle"
    severity: ClassVar[Severity] = Severity.CLAMP
    parameters: ClassVar[tuple[Specification, ...]] = (
        MARGIN,
        LATERAL_MARGIN,
        DECELERATION,
        REACTION_TIME,
    )

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the parameters, and the least deceleration that the limits grant."""
        self._body = Body(values["robot_radius"], values[MARGIN.name], values[LATERAL_MARGIN.name])
        granted = [
            value
            for name, value in values.items()
            if name.startswith("linear.") and ".max_deceleration" in name and value is not None
        ]
        self._deceleration: float = min([values[DECELERATION.name], *granted])
        self._reaction_s: float = values[REACTION_TIME.name]

    def restrain(
        self, velocity: Velocity, situation: Situation
    ) -> tuple[Velocity, Finding | None]:
        """`velocity` with its linear part as slow as what is in the way demands."""
        surroundings = situation.surroundings
        speed = hypot(velocity.linear_x, velocity.linear_y)
        if surroundings is None or speed == 0.0:
            return velocity, None
        if surroundings.silent:
            return _scaled(velocity, 0.0), self._no_scan(speed, surroundings.timeout_s)
        braking_m = stopping_distance(speed, self._deceleration, self._reaction_s)
        if surroundings.nearest_m >= self._body.reach + braking_m:
            return velocity, None  # the usual case, told without looking at each point
        distance = self._free_distance(surroundings, velocity, speed)
        allowed = stopping_speed(distance, self._deceleration, self._reaction_s)
        if allowed < _SLOWEST:
            allowed = 0.0
        if speed <= allowed:
            return velocity, None
        finding = self._obstacle(_side(velocity), speed, allowed, distance)
        return _scaled(velocity, allowed / speed), finding

    def _free_distance(
        self, surroundings: Surroundings, velocity: Velocity, speed: float
    ) -> float:
        points = surroundings.towards(atan2(velocity.linear_y, velocity.linear_x))
        return self._body.free_distance(points, velocity.angular_z / speed)

    def _no_scan(self, speed: float, timeout_s: float) -> Finding:
        return self.finding(
            "no scan",
            f"no good scan for more than {SCAN_TIMEOUT.name} {timeout_s:g} s",
            value=speed,
            limit=0.0,
            unit="m/s",
        )

    def _obstacle(self, side: str, speed: float, allowed: float, distance: float) -> Finding:
        return self.finding(
            f"obstacle {side}",
            f"{speed:.3g} m/s is too fast {max(distance, 0.0):.2f} m before the place where "
            f"{MARGIN.name} {self._body.margin:g} m is left",
            value=speed,
            limit=allowed,
            unit="m/s",
        )


def _scaled(velocity: Velocity, factor: float) -> Velocity:
    return velocity._replace(
        linear_x=velocity.linear_x * factor + 0.0,  # never -0.0
        linear_y=velocity.linear_y * factor + 0.0,
    )


def _side(velocity: Velocity) -> str:
    if velocity.linear_x == 0.0:
        return "beside"
    return "ahead" if velocity.linear_x > 0.0 else "behind"
