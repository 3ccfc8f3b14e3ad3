# SPDX-License-Identifier: Apache-2.0
"""Single looks from random poses: what driven episodes, each frame like the last, show too little.

A thousand frames of driving show a handful of rooms; a thousand glances show as many views.
"""

from __future__ import annotations

import math

import numpy as np

from vla_sim.geometry import Pose
from vla_sim.relation import Outlook, references
from vla_sim.robot import CAMERA, ROBOT
from vla_sim.room import Room, Solid, draw_pose

FACING_SHARE = 0.7
"""Share of glances that are turned towards a thing, so that it is in view."""
NEAR_SHARE = 0.3
"""Share of glances from near a thing, as at the end of a way to it."""
NEAR_GAP_M = (0.1, 1.0)
BETWEEN_SHARE = 0.2
"""Share of glances that see two things to go between, where the room has such a pair: by chance
few do."""
TRIES = 20
CLEARANCE_M = ROBOT.radius + 0.08


def draw_glance(rng: np.random.Generator, room: Room) -> Pose:
    """A pose to look from."""
    pose = _draw_before_pair(rng, room) if rng.random() < BETWEEN_SHARE else None
    if pose is not None:
        return pose
    target = room.objects[int(rng.integers(len(room.objects)))]
    pose = _draw_near(rng, room, target) if rng.random() < NEAR_SHARE else None
    pose = pose or draw_pose(rng, room, CLEARANCE_M) or room.start
    if rng.random() > FACING_SHARE:
        return pose
    return _towards(rng, pose, target.x, target.y)


def _draw_before_pair(rng: np.random.Generator, room: Room) -> Pose | None:
    """A pose from which there are two things to go between."""
    for _ in range(TRIES):
        pose = draw_pose(rng, room, CLEARANCE_M)
        if pose is None:
            continue
        middle = rng.normal(0.0, 0.25, size=2) * (room.width, room.depth)
        pose = _towards(rng, pose, *(float(value) for value in middle))
        if any(references(Outlook(room, pose), "between")):
            return pose
    return None


def _towards(rng: np.random.Generator, pose: Pose, x: float, y: float) -> Pose:
    """Turned so that a place is straight ahead or to a side, but in view."""
    half = CAMERA.half_width_rad
    yaw = math.atan2(y - pose.y, x - pose.x) + float(rng.uniform(-half, half))
    return Pose(pose.x, pose.y, yaw)


def _draw_near(rng: np.random.Generator, room: Room, target: Solid) -> Pose | None:
    for _ in range(TRIES):
        away = target.radius + ROBOT.radius + float(rng.uniform(*NEAR_GAP_M))
        side, yaw = rng.uniform(-math.pi, math.pi, size=2)
        pose = Pose(target.x + away * math.cos(side), target.y + away * math.sin(side), float(yaw))
        if room.clearance(pose.x, pose.y) >= CLEARANCE_M:
            return pose
    return None
