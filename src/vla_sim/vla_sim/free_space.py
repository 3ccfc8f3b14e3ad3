# SPDX-License-Identifier: Apache-2.0
"""How far it is free around a pose, by geometry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_sim.geometry import Pose
from vla_sim.room import Room

RAYS = 3
"""Rays to a bearing: what is thinner than the gap between two bearings is met as well."""


def free_ranges(
    room: Room, pose: Pose, bearings: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Way from the robot's centre to the nearest wall or solid about each bearing, ``[N]`` [m].

    Solids are taken for cylinders.

    Args:
        bearings: evenly spaced, counter-clockwise from straight ahead ``[N]`` [rad].
    """
    gap = float(bearings[1] - bearings[0])
    spread = np.linspace(-gap / 2, gap / 2, RAYS)
    angles = pose.yaw + bearings + spread[:, None]  # [RAYS, N]
    cos, sin = np.cos(angles), np.sin(angles)
    with np.errstate(divide="ignore"):
        to_sides = (np.copysign(room.width / 2, cos) - pose.x) / cos
        to_ends = (np.copysign(room.depth / 2, sin) - pose.y) / sin
    nearest = np.minimum(to_sides, to_ends)
    for solid in room.objects:
        dx, dy = solid.x - pose.x, solid.y - pose.y
        ahead = cos * dx + sin * dy
        depth2 = solid.radius**2 - (cos * dy - sin * dx) ** 2
        met = (depth2 > 0.0) & (ahead > 0.0)
        nearest = np.where(met, np.minimum(nearest, ahead - np.sqrt(np.abs(depth2))), nearest)
    ranges: npt.NDArray[np.float32] = nearest.min(axis=0).clip(min=0.0).astype(np.float32)
    return ranges
