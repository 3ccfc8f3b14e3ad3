# SPDX-License-Identifier: Apache-2.0
"""What the base says about its own motion."""

from __future__ import annotations

from dataclasses import dataclass

from vla_safety.instant import SECOND_NS
from vla_safety.velocity import Velocity

# Older odometry says nothing about the present.
CURRENT_NS = SECOND_NS // 2


@dataclass(frozen=True, slots=True)
class Odometry:
    """Pose in the odometry frame [m, rad] and velocity in the base's; it came at `arrived_ns`."""

    x: float
    y: float
    yaw: float
    velocity: Velocity
    arrived_ns: int

    def is_current(self, now_steady_ns: int) -> bool:
        """Whether it arrived within the last half second."""
        return now_steady_ns - self.arrived_ns <= CURRENT_NS
