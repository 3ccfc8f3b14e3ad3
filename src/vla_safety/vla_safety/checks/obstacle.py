# SPDX-License-Identifier: Apache-2.0
"""Keeps the robot from driving into what its scanner sees."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2, cos, hypot, sin
from typing import Any, ClassVar

import numpy as np

from vla_safety.check import Check
from vla_safety.clearance import Body, Points, in_motion_frame, stopping_speed
from vla_safety.drift import STILL
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS, nanoseconds
from vla_safety.scan import Scan
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.velocity import Velocity

ROBOT_RADIUS = Specification(
    name="obstacle.robot_radius",
    kind=float,
    default=0.18,
    description="Radius of the robot around base_link",
    unit="m",
    low=0.01,
    high=5.0,
    looser="lower",
)
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
SCAN_TIMEOUT = Specification(
    name="obstacle.scan_timeout",
    kind=float,
    default=0.5,
    description="Longest silence of a scanner that was heard before, on the steady clock",
    unit="s",
    low=0.02,
    high=10.0,
    looser="higher",
)
SCAN_X = Specification(
    name="obstacle.scan_x",
    kind=float,
    default=0.0,
    description="Place of the scanner ahead of base_link",
    unit="m",
    low=-5.0,
    high=5.0,
    read_only=True,
)
SCAN_YAW = Specification(
    name="obstacle.scan_yaw",
    kind=float,
    default=0.0,
    description="Where the scanner's x axis points, counter-clockwise from straight ahead",
    unit="rad",
    low=-6.3,
    high=6.3,
    read_only=True,
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
        ROBOT_RADIUS,
        MARGIN,
        LATERAL_MARGIN,
        DECELERATION,
        REACTION_TIME,
        SCAN_TIMEOUT,
        SCAN_X,
        SCAN_YAW,
    )

    def __init__(self) -> None:
        self._scan: Scan | None = None
        self._silent = False

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the parameters, and the least deceleration that the limits grant."""
        self._body = Body(
            values[ROBOT_RADIUS.name], values[MARGIN.name], values[LATERAL_MARGIN.name]
        )
        granted = [
            value
            for name, value in values.items()
            if name.startswith("linear.") and ".max_deceleration" in name and value is not None
        ]
        self._deceleration: float = min([values[DECELERATION.name], *granted])
        self._reaction_s: float = values[REACTION_TIME.name]
        self._timeout_s: float = values[SCAN_TIMEOUT.name]
        self._timeout_ns = nanoseconds(self._timeout_s)
        self._scan_x: float = values[SCAN_X.name]
        self._scan_yaw: float = values[SCAN_YAW.name]

    def restrain(
        self, velocity: Velocity, situation: Situation
    ) -> tuple[Velocity, Finding | None]:
        """`velocity` with its linear part as slow as what is in the way demands."""
        if situation.scan is None:
            return velocity, None
        self._follow(situation.scan, situation)
        speed = hypot(velocity.linear_x, velocity.linear_y)
        if speed == 0.0:
            return velocity, None
        if self._silent:
            return _scaled(velocity, 0.0), self._no_scan(speed)
        distance = self._free_distance(velocity, speed)
        allowed = stopping_speed(distance, self._deceleration, self._reaction_s)
        if allowed < _SLOWEST:
            allowed = 0.0
        if speed <= allowed:
            return velocity, None
        finding = self._obstacle(_side(velocity), speed, allowed, distance)
        return _scaled(velocity, allowed / speed), finding

    def report(self) -> Mapping[str, str]:
        """Whether there is a scanner, and whether it is heard."""
        if self._scan is None:
            return {"scan": "none yet"}
        return {"scan": f"none for {self._timeout_s:g} s" if self._silent else "current"}

    def _follow(self, scan: Scan, situation: Situation) -> None:
        """Keep up with the newest scan and with the way driven since it was taken."""
        now_ns = situation.now.steady_ns
        if scan is not self._scan:
            self._scan = scan
            self._points = self._in_base(scan.points)
            self._drift = STILL
            self._followed_ns = scan.arrived_ns - min(scan.delay_ns, self._timeout_ns)
        elapsed_ns = max(now_ns - self._followed_ns, 0)
        self._drift = self._drift.moved(situation.previous, elapsed_ns / SECOND_NS)
        self._followed_ns = now_ns
        self._silent = now_ns - scan.arrived_ns > self._timeout_ns

    def _in_base(self, points: Points) -> Points:
        x, y = points.T
        cosine, sine = cos(self._scan_yaw), sin(self._scan_yaw)
        return np.stack((self._scan_x + cosine * x - sine * y, sine * x + cosine * y), axis=1)

    def _free_distance(self, velocity: Velocity, speed: float) -> float:
        direction = atan2(velocity.linear_y, velocity.linear_x)
        points = in_motion_frame(self._points, self._drift, direction)
        return self._body.free_distance(points, velocity.angular_z / speed)

    def _no_scan(self, speed: float) -> Finding:
        return self.finding(
            "no scan",
            f"no good scan for more than {SCAN_TIMEOUT.name} {self._timeout_s:g} s",
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
