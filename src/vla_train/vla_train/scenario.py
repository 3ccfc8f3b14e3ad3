# SPDX-License-Identifier: Apache-2.0
"""Draws what an episode is: a start in a room, and a task that can be done from there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.geometry import Pose
from vla_sim.goal import Drive, Goal, Turn
from vla_sim.outcome import gap_to
from vla_sim.phrasebook import Phrasebook
from vla_sim.relation import Outlook, references
from vla_sim.robot import ROBOT
from vla_sim.room import Room, Solid, draw_pose
from vla_sim.task import Task
from vla_train.motion import advance_straight

FAMILY_WEIGHTS = {
    "go_to": 0.36,
    "relation": 0.2,
    "move": 0.15,
    "follow": 0.08,
    "stop": 0.05,
    "sequence": 0.16,
}
"""Shares of the families among episodes."""
TEACHING_WEIGHTS = {
    "go_to": 0.28,
    "relation": 0.3,
    "move": 0.1,
    "follow": 0.07,
    "stop": 0.03,
    "sequence": 0.22,
}
"""Shares among the drives that are learnt from: more of what is harder to learn."""
MOVES = ("turn_left", "turn_right", "turn_around", "forward", "back_up")
NEAR_START = 0.3
"""Share of starts close to a solid, where an earlier instruction may have left the robot."""
START_GAP_M = 0.6
TRIES = 60


@dataclass(frozen=True)
class Scenario:
    """One episode before it is driven.

    Attributes:
        seed: of what moves in the room.
    """

    room: Room
    start: Pose
    task: Task
    seed: int = 0


def draw_scenario(
    rng: np.random.Generator,
    room: Room,
    book: Phrasebook,
    family: str | None = None,
    preferred: tuple[tuple[str, str], ...] = (),
    weights: Mapping[str, float] = FAMILY_WEIGHTS,
) -> Scenario:
    """A random task of a family (or of any, by their weights) with a start that allows it.

    Where the room allows none of the family, it is one of going to a thing, or of stopping.

    Args:
        preferred: pairs (colour, shape) that are named half of the time where there are any.
    """
    if family is None:
        names = list(weights)
        family = names[int(rng.choice(len(names), p=list(weights.values())))]
    if family == "relation":
        drawn = _draw_relation(rng, room, book)
        if drawn is not None:
            return drawn
    for attempt in range(2 * TRIES):
        start = _draw_start(rng, room)
        wanted = family if attempt < TRIES and family != "relation" else "go_to"
        task = _draw_task(rng, room, start, book, wanted, preferred)
        if task is not None:
            return Scenario(room, start, task, seed=int(rng.integers(2**31)))
    return Scenario(room, room.start, book.stop(rng))


def draw_move(rng: np.random.Generator, book: Phrasebook, clause: bool = False) -> Task:
    """A turn or a drive of any kind."""
    return book.move(rng, MOVES[int(rng.integers(len(MOVES)))], clause)


def has_space(room: Room, start: Pose, distance: float) -> bool:
    """Whether the way straight ahead (or back) is free of solids and walls."""
    reach = distance + math.copysign(0.15, distance) if distance else 0.0
    steps = (advance_straight(start, reach * share / 8) for share in range(9))
    return all(room.clearance(p.x, p.y) > ROBOT.radius + 0.1 for p in steps)


def _draw_task(
    rng: np.random.Generator,
    room: Room,
    start: Pose,
    book: Phrasebook,
    family: str,
    preferred: tuple[tuple[str, str], ...],
) -> Task | None:
    if family == "go_to":
        thing = _draw_thing(rng, room, preferred)
        return book.go_to(rng, thing) if gap_to(start, thing) > START_GAP_M else None
    if family == "follow":
        balls = [s for s in room.things if s.shape == "ball" and gap_to(start, s) > START_GAP_M]
        return book.follow(rng, balls[int(rng.integers(len(balls)))]) if balls else None
    if family == "stop":
        return book.stop(rng)
    if family == "sequence":
        return _draw_sequence(rng, room, start, book, preferred)
    task = draw_move(rng, book)
    return task if _possible(room, start, task.goals[0]) else None


def _draw_thing(
    rng: np.random.Generator, room: Room, preferred: tuple[tuple[str, str], ...]
) -> Solid:
    liked = [s for s in room.things if (s.colour, s.shape) in preferred]
    things = liked if liked and rng.random() < 0.5 else room.things
    return things[int(rng.integers(len(things)))]


def _draw_relation(rng: np.random.Generator, room: Room, book: Phrasebook) -> Scenario | None:
    """One that takes its relation to understand.

    The kind is drawn first: nearly every pose has a nearest thing, few have two boxes with a
    ball between them.
    """
    for kind in rng.permutation(["left_of", "right_of", "nearest", "between"]):
        for _ in range(TRIES):
            start = _draw_viewpoint(rng, room)
            found = [
                (reference, goal)
                for reference, goal in references(Outlook(room, start), str(kind))
                if (reference.kind == "between" or reference.rivals > 0)
                and (goal.target is None or gap_to(start, goal.target) > START_GAP_M)
            ]
            if found:
                task = book.refer(rng, *found[int(rng.integers(len(found)))])
                return Scenario(room, start, task, seed=int(rng.integers(2**31)))
    return None


def _draw_sequence(
    rng: np.random.Generator,
    room: Room,
    start: Pose,
    book: Phrasebook,
    preferred: tuple[tuple[str, str], ...],
) -> Task | None:
    parts: list[Task] = []
    pose = start
    for _ in range(2):
        if rng.random() < 0.6:
            thing = _draw_thing(rng, room, preferred)
            part = book.go_to(rng, thing, clause=True)
            if gap_to(start, thing) < START_GAP_M or (parts and parts[0].target == thing):
                return None
        else:
            part = draw_move(rng, book, clause=True)
            after_thing = bool(parts) and parts[0].target is not None
            goal = part.goals[0]
            if after_thing and isinstance(goal, Drive):
                return None  # where it will stand then, there may be no space
            if not after_thing and not _possible(room, pose, goal):
                return None
            pose = _after(pose, goal)
        parts.append(part)
    return book.sequence(rng, *parts)


def _possible(room: Room, start: Pose, goal: Goal) -> bool:
    return has_space(room, start, goal.distance if isinstance(goal, Drive) else 0.0)


def _after(pose: Pose, goal: Goal) -> Pose:
    """Where a turn or a drive leads."""
    if isinstance(goal, Turn):
        return Pose(pose.x, pose.y, pose.yaw + goal.angle)
    return advance_straight(pose, goal.distance) if isinstance(goal, Drive) else pose


def _draw_start(rng: np.random.Generator, room: Room) -> Pose:
    near = rng.random() < NEAR_START
    for _ in range(TRIES):
        pose = draw_pose(rng, room, ROBOT.radius + (0.2 if near else 0.3))
        if pose is not None and (not near or min(gap_to(pose, s) for s in room.objects) < 0.5):
            return pose
    return room.start


def _draw_viewpoint(rng: np.random.Generator, room: Room) -> Pose:
    """A pose that looks into the room rather than at a wall."""
    pose = draw_pose(rng, room, ROBOT.radius + 0.3) or room.start
    x, y = (float(v) for v in rng.normal(0.0, 0.8, size=2))
    return Pose(pose.x, pose.y, math.atan2(y - pose.y, x - pose.x))
