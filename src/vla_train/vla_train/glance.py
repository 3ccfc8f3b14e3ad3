# SPDX-License-Identifier: Apache-2.0
"""Single looks from random poses: what driven episodes, each frame like the last, show too little.

A thousand frames of driving show a handful of rooms; a thousand glances show as many views.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_sim.geometry import Pose
from vla_sim.robot import CAMERA, ROBOT
from vla_sim.room import Room, Solid, draw_pose
from vla_sim.simulation import Simulation
from vla_train.lesson import Lesson, further_lessons, go_to_lesson

FACING_SHARE = 0.7
"""Share of glances that are turned towards a thing, so that it is in view."""
NEAR_SHARE = 0.3
"""Share of glances from near a thing, as at the end of a way to it."""
NEAR_GAP_M = (0.1, 1.0)
CLEARANCE_M = ROBOT.radius + 0.08
HEADINGS = (-3.0, 9.0)
"""[rad] How far the robot may have turned since the instruction began."""
WANDERED_M = 1.2
"""Spread of how far it may have come."""


def glance(
    rng: np.random.Generator, simulation: Simulation, spec: ActionSpec
) -> tuple[npt.NDArray[np.uint8], list[Lesson]]:
    """One look at the simulation's room, ``[H, W, 3]``, and what can be learnt from it."""
    room = simulation.room
    target = room.objects[int(rng.integers(len(room.objects)))]
    pose = _draw_pose(rng, room, target)
    simulation.teleport(pose)
    x, y = rng.normal(0.0, WANDERED_M, size=2)
    state = np.array([x, y, rng.uniform(*HEADINGS)], dtype=np.float32)
    lesson = go_to_lesson(rng, room, pose, state, target, spec)
    return simulation.render(), [lesson, *further_lessons(rng, room, pose, state, spec)]


def _draw_pose(rng: np.random.Generator, room: Room, target: Solid) -> Pose:
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
