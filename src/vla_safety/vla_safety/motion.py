# SPDX-License-Identifier: Apache-2.0
"""Whether the robot moves, by its odometry, or by its own commands where there is none."""

from __future__ import annotations

from math import hypot

from vla_safety.situation import Situation
from vla_safety.velocity import Velocity

# Slower [m/s, rad/s] is standing still: the noise of wheel encoders, or a creep.
LINEAR = 0.05
ANGULAR = 0.1


def is_moving(situation: Situation) -> bool:
    """Whether the base says that it moves; without word from it, whether it was told to."""
    odometry = situation.odometry
    if odometry is not None and odometry.is_current(situation.now.steady_ns):
        return moves(odometry.velocity)
    return moves(situation.previous)


def moves(velocity: Velocity) -> bool:
    """Whether `velocity` is more than standing still."""
    return hypot(velocity.linear_x, velocity.linear_y) > LINEAR or (
        abs(velocity.angular_z) > ANGULAR
    )
