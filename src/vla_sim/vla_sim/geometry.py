# SPDX-License-Identifier: Apache-2.0
"""Poses in the plane."""

from __future__ import annotations

import math
from typing import NamedTuple


class Pose(NamedTuple):
    """A pose in the plane: metres, and radians counter-clockwise from x."""

    x: float
    y: float
    yaw: float

    def distance_to(self, x: float, y: float) -> float:
        """Distance to a point [m]."""
        return math.hypot(x - self.x, y - self.y)

    def bearing_to(self, x: float, y: float) -> float:
        """Direction of a point as seen from here, in (-pi, pi], 0 straight ahead [rad]."""
        return wrap(math.atan2(y - self.y, x - self.x) - self.yaw)

    def local(self, x: float, y: float) -> tuple[float, float]:
        """A point of the world in this pose's frame: (ahead, to the left) [m]."""
        dx, dy = x - self.x, y - self.y
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return cos * dx + sin * dy, -sin * dx + cos * dy

    def world(self, ahead: float, left: float) -> tuple[float, float]:
        """The inverse of `local`: a point of this pose's frame in the world [m]."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return self.x + cos * ahead - sin * left, self.y + sin * ahead + cos * left


class Odometry(NamedTuple):
    """What the wheels report: pose since the start, and the speeds of the base."""

    x: float
    y: float
    yaw: float
    linear: float
    angular: float


def wrap(angle: float) -> float:
    """The same angle in [-pi, pi] [rad]."""
    return math.remainder(angle, math.tau)
