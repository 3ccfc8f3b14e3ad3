# SPDX-License-Identifier: Apache-2.0
"""What the expert would do in one view, for each of many sentences.

One image teaches as much as there are sentences to say in it: every thing in the room, things
that are not there but look alike, turns and moves at any stage. A policy that confuses a red
box with a red ball is set right by the very image that shows only one of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_sim.geometry import Pose
from vla_sim.outcome import BACK_UP_M, FORWARD_M, TURN_RAD
from vla_sim.room import COLOURS, SHAPES, Room, Solid
from vla_sim.task import FAMILIES, make_task
from vla_train.expert import Expert, Relative
from vla_train.visibility import seen_at

ABSENT_THINGS = 3
MOVES = 3
MOVE_FAMILIES = tuple(family for family in FAMILIES if family != "go_to")
PAST_THE_END = 0.4
"""rad or m that a turn or a move may already have gone too far."""
DRIFT = 0.08
"""m and rad that it may have gone astray."""


@dataclass(frozen=True)
class Lesson:
    """One sentence in a view, and what is right then.

    Attributes:
        state: pose since the sentence was said, ``[3]``.
        actions: the expert's next actions ``[horizon, 2]`` in m/s and rad/s.
        names_thing: whether the sentence names a thing.
        pixel: where in the image that thing is seen; None where it is not.
    """

    instruction: str
    state: npt.NDArray[np.float32]
    actions: npt.NDArray[np.float32]
    names_thing: bool
    pixel: tuple[float, float] | None = None


def go_to_lesson(
    rng: np.random.Generator,
    room: Room,
    pose: Pose,
    state: npt.NDArray[np.float32],
    target: Solid,
    spec: ActionSpec,
) -> Lesson:
    """To be told to go to a thing; one that is not in the room is searched for."""
    task = make_task("go_to", _wording(rng), target)
    pixel = seen_at(pose, target, room) if target in room.objects else None
    actions = Expert(task, room).chunk(pose, Relative.from_state(state), pixel is not None, spec)
    return Lesson(task.instruction, state, actions, True, pixel)


def further_lessons(
    rng: np.random.Generator,
    room: Room,
    pose: Pose,
    state: npt.NDArray[np.float32],
    spec: ActionSpec,
) -> list[Lesson]:
    """All things of the room, some that it lacks, and some turns and moves."""
    things = [*room.objects, *(_absent_thing(rng, room) for _ in range(ABSENT_THINGS))]
    lessons = [go_to_lesson(rng, room, pose, state, thing, spec) for thing in things]
    lessons += [_move_lesson(rng, room, pose, spec) for _ in range(MOVES)]
    return [lessons[i] for i in rng.permutation(len(lessons))]


def _move_lesson(rng: np.random.Generator, room: Room, pose: Pose, spec: ActionSpec) -> Lesson:
    """A turn or a move at any stage; what is in the image does not matter."""
    family = MOVE_FAMILIES[int(rng.integers(len(MOVE_FAMILIES)))]
    task = make_task(family, _wording(rng))
    x, y, heading = rng.normal(0.0, DRIFT, size=3)
    if family in TURN_RAD:
        heading = _stage(rng, TURN_RAD[family])
    elif family != "stop":
        x = _stage(rng, FORWARD_M if family == "forward" else -BACK_UP_M)
    state = np.array([x, y, heading], dtype=np.float32)
    actions = Expert(task, room).chunk(pose, Relative.from_state(state), False, spec)
    return Lesson(task.instruction, state, actions, False)


def _stage(rng: np.random.Generator, goal: float) -> float:
    """Somewhere between the start and the goal, or a little beyond either."""
    past = np.copysign(PAST_THE_END, goal)
    begin, end = sorted((-past / 2, goal + past))
    return float(rng.uniform(begin, end))


def _absent_thing(rng: np.random.Generator, room: Room) -> Solid:
    """A thing that is not in the room but shares its colour or its shape with one that is."""
    while True:
        like = room.objects[int(rng.integers(len(room.objects)))]
        if rng.random() < 0.5:
            other = dataclasses.replace(like, colour=str(rng.choice(list(COLOURS))))
        else:
            other = dataclasses.replace(like, shape=str(rng.choice(SHAPES)))
        if room.find(other.colour, other.shape) is None:
            return other


def _wording(rng: np.random.Generator) -> int:
    return int(rng.integers(1000))
