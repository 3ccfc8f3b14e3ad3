# SPDX-License-Identifier: Apache-2.0
"""Single looks from random poses: what driven episodes, each frame like the last, show too little.

A thousand frames of driving show a handful of rooms; a thousand glances show as many views.
"""

from __future__ import annotations

import math

import numpy as np

from vla_sim.geometry import Pose
from vla_sim.robot import CAMERA, ROBOT
from vla_sim.room import Room, Solid, draw_pose

FACING_SHARE = 0.7
"""Share of glances that are turned towards a thing, so that it is in view."""
NEAR_SHARE = 0.3
"""Share of glances from near a thing, as at the end of a way to it."""
NEAR_GAP_M = (0.1, 1.0)
CLEARANCE_M = ROBOT.radius + 0.08


def draw_glance(rng: np.random.Generator, room: Room) -> Pose:
    """A pose to look from."""
    target = room.objects[int(rng.integers(len(room.objects)))]
    pose = _draw_near(rng, room, target) if rng.random() < NEAR_SHARE else None
    pose = pose or draw_pose(rng, room, CLEARANCE_M) or room.start
    if rng.random() > FACING_SHARE:
        return pose
    towards = math.atan2(target.y - pose.y, target.x - pose.x)
    half = CAMERA.half_width_rad
    return Pose(pose.x, pose.y, towards + float(rng.uniform(-half, half)))


def _draw_near(rng: np.random.Generator, room: Room, target: Solid) -> Pose | None:
    for _ in range(20):
        away = target.radius + ROBOT.radius + float(rng.uniform(*NEAR_GAP_M))
        side, yaw = rng.uniform(-math.pi, math.pi, size=2)
        pose = Pose(target.x + away * math.cos(side), target.y + away * math.sin(side), float(yaw))
        if room.clearance(pose.x, pose.y) >= CLEARANCE_M:
            return pose
    return None
