# SPDX-License-Identifier: Apache-2.0
"""What is right in one view for one sentence: the labels of all training."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_policy.memory import LOST, REMEMBERED, SEEN, Sight
from vla_sim.geometry import Pose
from vla_sim.goal import Follow, Goal, Reach, Stop, Turn
from vla_sim.relation import AmbiguousError, Outlook
from vla_sim.robot import CAMERA, Camera
from vla_sim.room import Room, Solid
from vla_sim.task import Task
from vla_sim.visibility import floor_at, in_sight, seen_at
from vla_train.expert import SAME_PLACE_M, Expert, Place

Array = npt.NDArray[np.float32]
AROUND_RAD = 3.0
SAME_PLACE_SHARE = 0.2
"""Of the distance, by which a memory may be off and still be of the thing."""


@dataclass(frozen=True)
class Lesson:
    """One sentence in a view, and what is right then.

    Attributes:
        stage: the part of the sentence that is to be done.
        state: pose since that part began, ``[3]``.
        memory: what is remembered, ``[3]``; see `vla_policy.memory.MEMORY_NAMES`.
        actions: the expert's next actions ``[horizon, 2]`` in m/s and rad/s.
        sight: what a look says about the named thing; None where nothing is named.
        pixel: where in the image it is seen; None where it is not.
        more: whether another part of the sentence follows this one.
        mirrors: whether the mirror image has the mirrored lesson: no side was chosen freely.
    """

    instruction: str
    stage: int
    state: Array
    memory: Array
    actions: Array
    sight: Sight | None
    pixel: tuple[float, float] | None
    more: bool
    mirrors: bool


@dataclass(frozen=True)
class View:
    """Where the robot looks from: the room as it is now, the pose in it, the camera."""

    room: Room
    pose: Pose
    camera: Camera = CAMERA

    @functools.cached_property
    def outlook(self) -> Outlook:
        """What relations mean from here."""
        return Outlook(self.room, self.pose)

    def pixel_of(self, solid: Solid) -> tuple[float, float] | None:
        """Where in the image a solid of the room is seen; None where it is not."""
        if solid.name not in self._pixels:
            self._pixels[solid.name] = seen_at(self.pose, solid, self.room, self.camera)
        return self._pixels[solid.name]

    @functools.cached_property
    def _pixels(self) -> dict[str, tuple[float, float] | None]:
        """Those that were asked for: many sentences are said of one view."""
        return {}


def teach(
    view: View, task: Task, stage: int, state: Array, memory: Array, spec: ActionSpec
) -> Lesson:
    """What is right in a view, for a task of which `stage` is to be done."""
    goal: Goal = task.goals[stage] if stage < len(task.goals) else Stop()
    if isinstance(goal, Reach | Follow):
        mode, pixel, place = _find(view, task, goal, memory)
    else:
        mode, pixel, place = LOST, None, None
    relative = Pose(*(float(value) for value in state))
    actions = Expert(goal, view.room).chunk(view.pose, relative, place, spec)
    more = stage < len(task.goals) - 1
    sight = None
    if isinstance(goal, Reach | Follow):
        spot = view.pose.local(*place) if mode == SEEN and place else (0.0, 0.0)
        sight = Sight(mode, spot, more)
    mirrors = not (_turns_around(goal) if sight is None else mode == LOST)
    return Lesson(task.instruction, stage, state, memory, actions, sight, pixel, more, mirrors)


def _turns_around(goal: Goal) -> bool:
    """Whether it may be the turn of *turn around*, which leaves the side open: it is the left."""
    return isinstance(goal, Turn) and goal.angle > AROUND_RAD


def _find(
    view: View, task: Task, goal: Reach | Follow, memory: Array
) -> tuple[int, tuple[float, float] | None, Place | None]:
    """The mode, the pixel where the thing is seen, and the place to drive to."""
    truth = _truth(goal, view.room)
    remembered = _remembered(view.pose, memory)
    # A spot of the floor looks like nothing: it is seen only where what it lies between is. A
    # look that passed on its memory as seen would add an error to it each time.
    is_thing = goal.target is not None
    right = (
        is_thing
        and remembered is not None
        and truth is not None
        and _near(remembered, truth, _as_near(view.pose, truth))
    )
    pixel = _pixel(view, goal)
    if pixel is not None and (right or _recognisable(view, task)):
        return SEEN, pixel, truth
    if remembered is None or (
        is_thing and not right and in_sight(view.pose, remembered, view.room, view.camera)
    ):
        return LOST, None, None
    return REMEMBERED, None, remembered


def _truth(goal: Reach | Follow, room: Room) -> Place | None:
    """Where the named thing is now; None where there is no such thing."""
    if goal.target is None:
        return goal.x, goal.y
    now = room.find(goal.target.colour, goal.target.shape)
    return None if now is None else (now.x, now.y)


def _pixel(view: View, goal: Reach | Follow) -> tuple[float, float] | None:
    if goal.target is None:
        return floor_at(view.pose, (goal.x, goal.y), view.camera)
    now = view.room.find(goal.target.colour, goal.target.shape)
    return None if now is None else view.pixel_of(now)


def _recognisable(view: View, task: Task) -> bool:
    """Whether this view alone tells which thing is meant."""
    if task.reference is None:
        return True
    try:
        goal = task.reference.resolve(view.outlook)
    except AmbiguousError:
        return False
    meant = task.goals[0]
    return isinstance(meant, Reach) and _near((goal.x, goal.y), (meant.x, meant.y))


def _remembered(pose: Pose, memory: Array) -> Place | None:
    if memory[0] < 0.5:
        return None
    x, y = pose.world(float(memory[1]), float(memory[2]))
    return x, y


def _as_near(pose: Pose, place: Place) -> float:
    """How far a memory of a place may be off: from afar nobody can tell."""
    return max(SAME_PLACE_M, SAME_PLACE_SHARE * pose.distance_to(*place))


def _near(a: Place, b: Place, within: float = SAME_PLACE_M) -> bool:
    return math.dist(a, b) < within
