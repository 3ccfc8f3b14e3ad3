# SPDX-License-Identifier: Apache-2.0
"""Zones in front of the motion: stop, slow down, and approach by time to collision."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2, hypot, inf
from typing import Any, ClassVar

import numpy as np

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.surroundings import SCAN_TIMEOUT
from vla_safety.velocity import Velocity


def _distance(name: str, default: float, description: str, high: float = 50.0) -> Specification:
    return Specification(
        f"zones.{name}",
        float,
        default,
        description,
        unit="m",
        low=0.0,
        high=high,
        looser="lower",
    )


STOP = _distance("stop_distance", 0.3, "Nearer than this, nothing may be driven at; 0: no zone")
SLOW = _distance("slow_distance", 0.8, "Nearer than this, the robot drives slowly; 0: no zone")
HALF_WIDTH = _distance("half_width", 0.25, "Reach of the zones to both sides of the motion", 10.0)
HYSTERESIS = _distance("hysteresis", 0.05, "Way beyond a zone's end at which it is left", 5.0)
RATIO = Specification(
    name="zones.slowdown_ratio",
    kind=float,
    default=0.5,
    description="What is left of the speed in the slow zone",
    low=0.01,
    high=1.0,
    looser="higher",
)
TIME = Specification(
    name="zones.time_before_collision",
    kind=float,
    default=1.2,
    description="The robot is slowed so that a collision stays this far in the future; 0: not",
    unit="s",
    low=0.0,
    high=60.0,
    looser="lower",
)
MIN_POINTS = Specification(
    name="zones.min_points",
    kind=int,
    default=3,
    description="Points of the scan that make an obstacle",
    low=1,
    high=1000,
    looser="higher",
)


class Zones(Check):
    """Zones as those of nav2_collision_monitor, but always ahead of where the command leads.

    Distances are from base_link. A robot in its stop zone may turn and drive away from what is
    there: no zone traps it. While the source wants to drive on, the fallback policy does.
    """

    name: ClassVar[str] = "zones"
    parameters: ClassVar[tuple[Specification, ...]] = (
        STOP,
        SLOW,
        HALF_WIDTH,
        HYSTERESIS,
        RATIO,
        TIME,
        MIN_POINTS,
    )

    def __init__(self) -> None:
        self._stopped = self._slowed = False

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the zones."""
        self._stop: float = values[STOP.name]
        self._slow: float = values[SLOW.name]
        self._half_width: float = values[HALF_WIDTH.name]
        self._hysteresis: float = values[HYSTERESIS.name]
        self._ratio: float = values[RATIO.name]
        self._time_s: float = values[TIME.name]
        self._min_points: int = values[MIN_POINTS.name]

    def watch(self, situation: Situation) -> Finding | None:
        """A finding when the source's command leads into what is in the stop zone."""
        assert situation.command is not None
        velocity = situation.command.velocity
        distance = self._nearest(velocity, situation)
        self._stopped = self._within(self._stop, distance, self._stopped)
        if not self._stopped:
            return None
        if distance == -inf:
            detail = f"no good scan for more than {SCAN_TIMEOUT.name}"
            return self.finding("no scan", detail)
        return self.finding(
            "obstacle in stop zone",
            f"something is {distance:.2f} m ahead, nearer than {STOP.name} {self._stop:g} m",
            value=distance,
            limit=self._stop,
            unit="m",
        )

    def restrain(
        self, velocity: Velocity, situation: Situation
    ) -> tuple[Velocity, Finding | None]:
        """`velocity` as slow as the slow zone and the time to collision demand."""
        distance = self._nearest(velocity, situation)
        speed = hypot(velocity.linear_x, velocity.linear_y)
        self._slowed = self._within(self._slow, distance, self._slowed)
        allowed = speed * self._ratio if self._slowed else speed
        zone = "slow zone"
        if self._time_s and distance < self._time_s * allowed:
            allowed, zone = max(distance, 0.0) / self._time_s, "approach"
        if allowed >= speed:
            return velocity, None
        finding = self.finding(
            f"obstacle in {zone}",
            f"something is {distance:.2f} m ahead",
            value=speed,
            limit=allowed,
            unit="m/s",
            severity=Severity.CLAMP,
        )
        factor = allowed / speed
        return (
            velocity._replace(
                linear_x=velocity.linear_x * factor + 0.0,
                linear_y=velocity.linear_y * factor + 0.0,
            ),
            finding,
        )

    def _nearest(self, velocity: Velocity, situation: Situation) -> float:
        """Distance [m] to what is ahead of `velocity`: inf for nothing, -inf for not knowing."""
        surroundings = situation.surroundings
        if surroundings is None or (velocity.linear_x == 0.0 and velocity.linear_y == 0.0):
            return inf
        if surroundings.silent:
            return -inf
        x, y = surroundings.towards(atan2(velocity.linear_y, velocity.linear_x)).T
        ahead = x[(x > 0.0) & (np.abs(y) <= self._half_width)]
        if len(ahead) < self._min_points:
            return inf
        return float(np.partition(ahead, self._min_points - 1)[self._min_points - 1])

    def _within(self, end: float, distance: float, before: bool) -> bool:
        """Whether a zone that ends at `end` holds what is at `distance`."""
        return end > 0.0 and distance <= (end + self._hysteresis if before else end)
