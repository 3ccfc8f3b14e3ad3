# SPDX-License-Identifier: Apache-2.0
"""How far the robot has moved, by its own commands, since something was measured."""

from __future__ import annotations

from math import cos, sin
from typing import NamedTuple

from vla_safety.velocity import Velocity


class Drift(NamedTuple):
    """Present pose [m, rad] of the robot in its own frame of the moment of the measurement."""

    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0

    def moved(self, velocity: Velocity, duration_s: float) -> Drift:
        """The pose after `duration_s` more at `velocity`."""
        turn = velocity.angular_z * duration_s
        heading = self.yaw + turn / 2  # of the chord
        ahead, left = velocity.linear_x * duration_s, velocity.linear_y * duration_s
        return Drift(
            self.x + ahead * cos(heading) - left * sin(heading),
            self.y + ahead * sin(heading) + left * cos(heading),
            self.yaw + turn,
        )


STILL = Drift()
