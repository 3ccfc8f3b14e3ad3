# SPDX-License-Identifier: Apache-2.0
"""Ways on which a robot meets nothing but a wall.

A planar scanner sees a cone where it is thinner than at the height of the wheels: what the gate
promises is about walls, and about what is as wide as the scanner sees it.
"""

from __future__ import annotations

import math

from vla_sim.geometry import Pose
from vla_sim.robot import ROBOT
from vla_sim.room import Room

HEADINGS = 72
# Gap [m] to everything beside the way, and the least length of the way.
GAP_M = 0.15
SHORTEST_M = 1.2


def towards_wall(room: Room) -> Pose:
    """The start of `room`, turned to the first heading that leads to a wall and nothing else.

    Raises:
        ValueError: there is none.
    """
    for number in range(HEADINGS):
        pose = Pose(room.start.x, room.start.y, room.start.yaw + number * math.tau / HEADINGS)
        if _leads_to_wall(room, pose):
            return pose
    raise ValueError(f"in the room of seed {room.seed} no way leads to a wall alone")


def faces_wall(room: Room) -> bool:
    """Whether straight on from the start there is a wall and nothing else."""
    return _leads_to_wall(room, room.start)


def _leads_to_wall(room: Room, pose: Pose) -> bool:
    if _to_wall(room, pose) < SHORTEST_M:
        return False
    cosine, sine = math.cos(pose.yaw), math.sin(pose.yaw)
    for solid in room.objects:
        ahead = cosine * (solid.x - pose.x) + sine * (solid.y - pose.y)
        beside = abs(cosine * (solid.y - pose.y) - sine * (solid.x - pose.x))
        apart = solid.radius + ROBOT.radius + GAP_M
        if ahead > -apart and beside < apart:
            return False
    return True


def _to_wall(room: Room, pose: Pose) -> float:
    """Way [m] straight on to the wall."""
    ways = []
    for half, place, direction in (
        (room.width / 2, pose.x, math.cos(pose.yaw)),
        (room.depth / 2, pose.y, math.sin(pose.yaw)),
    ):
        if direction:
            ways.append((math.copysign(half, direction) - place) / direction)
    return min(ways)
