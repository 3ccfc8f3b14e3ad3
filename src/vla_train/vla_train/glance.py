# SPDX-License-Identifier: Apache-2.0
"""Single looks from random poses: what driven episodes, each frame like the last, show too little.

A thousand frames of driving show a handful of rooms; a thousand glances show as many views.
"""

from __future__ import annotations

import math

import numpy as np

from vla_policy.action import ActionSpec
from vla_policy.observation import Observation
from vla_sim.geometry import Pose
from vla_sim.robot import CAMERA, ROBOT
from vla_sim.room import Room, Solid, draw_pose
from vla_sim.simulation import Simulation
from vla_sim.task import Task, make_task
from vla_train.expert import Expert, Relative
from vla_train.rollout import Frame
from vla_train.visibility import seen_at

FACING_SHARE = 0.6
"""Share of glances that are turned towards the named thing, so that it is in view."""
CLEARANCE_M = ROBOT.radius + 0.08
HEADINGS = (-3.0, 9.0)
"""[rad] How far the robot may have turned since the instruction began."""
WANDERED_M = 1.2
"""Spread of how far it may have come."""


def glance(
    rng: np.random.Generator, simulation: Simulation, spec: ActionSpec
) -> tuple[Task, Frame]:
    """One look at the simulation's room, with a task and what the expert would do."""
    room = simulation.room
    target = room.objects[int(rng.integers(len(room.objects)))]
    task = make_task("go_to", int(rng.integers(1000)), target)
    pose = _draw_pose(rng, room, target)
    simulation.teleport(pose)
    x, y = rng.normal(0.0, WANDERED_M, size=2)
    state = np.array([x, y, rng.uniform(*HEADINGS)], dtype=np.float32)
    pixel = seen_at(pose, target, room)
    relative = Relative(*(float(value) for value in state))
    label = Expert(task, room).chunk(pose, relative, pixel is not None, spec)
    observation = Observation(simulation.render()[None], task.instruction, 0, state)
    return task, Frame(observation, label, pixel, None)


def _draw_pose(rng: np.random.Generator, room: Room, target: Solid) -> Pose:
    pose = draw_pose(rng, room, CLEARANCE_M) or room.start
    if rng.random() > FACING_SHARE:
        return pose
    towards = math.atan2(target.y - pose.y, target.x - pose.x)
    half = CAMERA.half_width_rad
    return Pose(pose.x, pose.y, towards + float(rng.uniform(-half, half)))
