# SPDX-License-Identifier: Apache-2.0
"""Draws what an episode is: a start in a room, and a task that can be done from there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vla_sim.geometry import Pose
from vla_sim.outcome import BACK_UP_M, FORWARD_M, gap_to
from vla_sim.robot import ROBOT
from vla_sim.room import Room, draw_pose
from vla_sim.task import FAMILIES, Task, make_task

FAMILY_WEIGHTS = {"go_to": 0.58} | {name: 0.07 for name in FAMILIES if name != "go_to"}
NEAR_START = 0.3
"""Share of starts close to a solid, where an earlier instruction may have left the robot."""


@dataclass(frozen=True)
class Scenario:
    """One episode before it is driven."""

    room: Room
    start: Pose
    task: Task


def draw_scenario(rng: np.random.Generator, room: Room, family: str | None = None) -> Scenario:
    """A random task of a family (or of any, by `FAMILY_WEIGHTS`) with a start that allows it."""
    if family is None:
        names = list(FAMILY_WEIGHTS)
        family = names[int(rng.choice(len(names), p=list(FAMILY_WEIGHTS.values())))]
    wording = int(rng.integers(1000))
    for _ in range(200):
        start = _draw_start(rng, room)
        if family == "go_to":
            target = room.objects[int(rng.integers(len(room.objects)))]
            if gap_to(start, target) > 0.6:
                return Scenario(room, start, make_task(family, wording, target))
        elif has_space(room, start, family):
            return Scenario(room, start, make_task(family, wording))
    return Scenario(room, room.start, make_task("stop", wording))


def has_space(room: Room, start: Pose, family: str) -> bool:
    """Whether the way that a family's sentence asks for is free of solids and walls."""
    reach = {"forward": FORWARD_M + 0.15, "back_up": -BACK_UP_M - 0.15}.get(family, 0.0)
    steps = (reach * share for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    return all(
        room.clearance(start.x + s * math.cos(start.yaw), start.y + s * math.sin(start.yaw))
        > ROBOT.radius + 0.1
        for s in steps
    )


def _draw_start(rng: np.random.Generator, room: Room) -> Pose:
    near = rng.random() < NEAR_START
    for _ in range(60):
        pose = draw_pose(rng, room, ROBOT.radius + (0.2 if near else 0.3))
        if pose is not None and (not near or min(gap_to(pose, s) for s in room.objects) < 0.5):
            return pose
    return room.start
