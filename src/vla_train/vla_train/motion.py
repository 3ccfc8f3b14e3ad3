# SPDX-License-Identifier: Apache-2.0
"""Where a base comes that drives."""

from __future__ import annotations

import math

from vla_sim.geometry import Pose


def advance(pose: Pose, linear: float, angular: float, dt: float) -> Pose:
    """After driving (m/s, rad/s) for `dt` seconds; the yaw is not wrapped."""
    middle = pose.yaw + 0.5 * angular * dt
    return Pose(
        pose.x + linear * math.cos(middle) * dt,
        pose.y + linear * math.sin(middle) * dt,
        pose.yaw + angular * dt,
    )


def advance_straight(pose: Pose, distance: float) -> Pose:
    """After that many metres straight ahead, or back where negative."""
    return advance(pose, distance, 0.0, 1.0)
