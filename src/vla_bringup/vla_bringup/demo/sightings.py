# SPDX-License-Identifier: Apache-2.0
"""What the witness sees, free of ROS. Times `at_s` are on the monotonic clock [s]."""

from __future__ import annotations

from typing import NamedTuple

from vla_sim.geometry import Pose


class Truth(NamedTuple):
    """Where the robot really is and how fast it really moves: m, rad, m/s, rad/s.

    `stamp_s` is the time of the simulation's message, `collisions` its running total.
    """

    at_s: float
    stamp_s: float
    pose: Pose
    linear: float
    angular: float
    collisions: int


class Sent(NamedTuple):
    """A command of the gate to the base."""

    at_s: float
    linear: float
    angular: float

    @property
    def zero(self) -> bool:
        """True if it tells the base to stand still."""
        return self.linear == 0.0 and self.angular == 0.0


class Frame(NamedTuple):
    """What the camera saw, as JPEG, and what the robot was told and did at that time."""

    at_s: float
    jpeg: bytes
    instruction: str
    linear: float
    angular: float
