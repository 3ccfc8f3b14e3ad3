# SPDX-License-Identifier: Apache-2.0
"""Which sentences are said in one view.

One image teaches as much as there are sentences to say in it: every thing in the room, also of
shapes that no instruction names, things that are not there but look alike, relations, sequences,
turns and moves at any stage, each with a memory that is empty, right or wrong. A policy that
confuses a red box with a red ball is set right by the very image that shows only one of them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from vla_policy.action import ActionSpec
from vla_policy.memory import MEMORY_DIM
from vla_sim.goal import Drive, Reach, Turn
from vla_sim.phrasebook import Phrasebook
from vla_sim.relation import Outlook, Reference, references
from vla_sim.room import COLOURS, Room, Solid, draw_pose
from vla_sim.splits import train_side
from vla_sim.task import Task
from vla_train.lesson import Array, Lesson, View, teach
from vla_train.scenario import draw_move

ABSENT_THINGS, ABSENT_DISTRACTORS = 2, 1
MOVES = 3
RELATIONS_IN_VIEW = 5
RELATIONS_REMEMBERED = 3
BETWEEN_IN_VIEW = 8
"""Besides, of the spot between two things: few views have one, and it looks like nothing."""
SEQUENCES = 9
HEADINGS = (-3.0, 9.0)
"""[rad] How far the robot may have turned since the task began."""
WANDERED_M = 1.2
"""Spread of how far it may have come."""
PAST_THE_END = 0.4
"""rad or m that a turn or a move may already have gone too far."""
FAR_PAST_SHARE, FAR_PAST = 0.08, 3.0
"""Now and then it went much further: who has missed the end is not to go on for ever."""
DRIFT = 0.08
"""m and rad that it may have gone astray."""
NO_MEMORY, RIGHT_MEMORY = 0.5, 0.35
"""Chances; the rest is a wrong one."""
MEMORY_ERROR = (0.05, 0.05)
"""Spread of a right memory's error: metres, and share of the distance."""

NOTHING = np.zeros(MEMORY_DIM, dtype=np.float32)


class Curriculum:
    """Lessons for the views of one room."""

    def __init__(
        self, rng: np.random.Generator, room: Room, book: Phrasebook, spec: ActionSpec
    ) -> None:
        self._rng = rng
        self._book = book
        self._spec = spec
        self._sequences = [self._draw_sequence(room) for _ in range(3 * SEQUENCES)]
        self._references = list(self._remembered_references(room))

    def lessons(self, view: View) -> list[Lesson]:
        """One of each of many sentences, in random order."""
        lessons = [
            *self._things(view),
            *(self._move(view) for _ in range(MOVES)),
            *self._relations(view),
            *self._sequences_in(view),
        ]
        return [lessons[i] for i in self._rng.permutation(len(lessons))]

    def _things(self, view: View) -> Iterator[Lesson]:
        room = view.room
        named = train_side().pairs
        absent = [_absent_thing(self._rng, room, named) for _ in range(ABSENT_THINGS)]
        absent += [
            _absent_thing(self._rng, room, _distractors()) for _ in range(ABSENT_DISTRACTORS)
        ]
        # Colour and shape are two things to know only where enough of both go together: with the
        # distractors there are more than twice as many pairs, and their shapes have every colour.
        for thing in [*room.objects, *absent]:
            task = self._book.go_to(self._rng, thing)
            yield self._teach(view, task, 0, self._memory(view, thing))
            if thing.shape == "ball" and self._rng.random() < 0.5:
                task = self._book.follow(self._rng, thing)
                yield self._teach(view, task, 0, self._memory(view, thing))

    def _move(self, view: View) -> Lesson:
        task = draw_move(self._rng, self._book) if self._rng.random() < 0.9 else None
        task = task or self._book.stop(self._rng)
        state = _stage_of(self._rng, task, 0)
        return teach(view, task, 0, state, self._any_memory(view), self._spec)

    def _relations(self, view: View) -> Iterator[Lesson]:
        """From here, as when the sentence is said; and remembered from elsewhere."""
        rng = self._rng
        by_kind: dict[str, list[tuple[Reference, Reach]]] = {}
        for reference, goal in references(view.outlook):
            by_kind.setdefault(reference.kind, []).append((reference, goal))
        kinds = list(by_kind)
        # In turn, those that are the rarest to be had as well.
        for index in np.resize(rng.permutation(len(kinds)), RELATIONS_IN_VIEW * bool(kinds)):
            yield self._relation(view, by_kind[kinds[int(index)]])
        for _ in range(BETWEEN_IN_VIEW * ("between" in by_kind)):
            yield self._relation(view, by_kind["between"])
        for _ in range(min(RELATIONS_REMEMBERED, len(self._references))):
            reference, goal = self._references[int(rng.integers(len(self._references)))]
            task = self._book.refer(rng, reference, goal)
            yield self._teach(view, task, 0, self._right_memory(view, goal))

    def _relation(self, view: View, found: list[tuple[Reference, Reach]]) -> Lesson:
        """One of those that hold from here."""
        rng = self._rng
        task = self._book.refer(rng, *found[int(rng.integers(len(found)))])
        memory = NOTHING if rng.random() < 0.7 else self._right_memory(view, task.goals[0])
        state = _wandered(rng) * np.float32(rng.random() < 0.3)
        return teach(view, task, 0, state.astype(np.float32), memory, self._spec)

    def _sequences_in(self, view: View) -> Iterator[Lesson]:
        rng = self._rng
        for _ in range(SEQUENCES):
            task = self._sequences[int(rng.integers(len(self._sequences)))]
            stage = int(rng.integers(2))
            goal = task.goals[stage]
            if isinstance(goal, Reach) and goal.target is not None:
                yield self._teach(view, task, stage, self._memory(view, goal.target))
            else:
                state = _stage_of(rng, task, stage)
                yield teach(view, task, stage, state, self._any_memory(view), self._spec)

    def _teach(self, view: View, task: Task, stage: int, memory: Array) -> Lesson:
        return teach(view, task, stage, _wandered(self._rng), memory, self._spec)

    def _draw_sequence(self, room: Room) -> Task:
        """Two tasks of any kind; whether they could be done does not matter for a look."""
        rng, parts = self._rng, []
        for _ in range(2):
            thing = room.things[int(rng.integers(len(room.things)))]
            parts.append(
                self._book.go_to(rng, thing, clause=True)
                if rng.random() < 0.6
                else draw_move(rng, self._book, clause=True)
            )
        return self._book.sequence(rng, *parts)

    def _remembered_references(self, room: Room) -> Iterator[tuple[Reference, Reach]]:
        """What relations mean from a few other poses in the room."""
        for _ in range(6):
            pose = draw_pose(self._rng, room, 0.4)
            if pose is not None:
                yield from references(Outlook(room, pose))

    def _memory(self, view: View, thing: Solid) -> Array:
        """Empty, right, or of somewhere else."""
        chance = self._rng.random()
        if chance < NO_MEMORY:
            return NOTHING
        if chance < NO_MEMORY + RIGHT_MEMORY and thing in view.room.objects:
            return self._right_memory(view, Reach.thing(thing))
        return self._wrong_memory(view)

    def _right_memory(self, view: View, goal: object) -> Array:
        assert isinstance(goal, Reach)
        ahead, left = view.pose.local(goal.x, goal.y)
        spread = MEMORY_ERROR[0] + MEMORY_ERROR[1] * float(np.hypot(ahead, left))
        error = self._rng.normal(0.0, min(spread, 0.25), size=2)
        return np.array([1.0, ahead + error[0], left + error[1]], dtype=np.float32)

    def _wrong_memory(self, view: View) -> Array:
        room = view.room
        if self._rng.random() < 0.5:
            other = room.objects[int(self._rng.integers(len(room.objects)))]
            return self._right_memory(view, Reach.thing(other))
        x = float(self._rng.uniform(-room.width / 2, room.width / 2))
        y = float(self._rng.uniform(-room.depth / 2, room.depth / 2))
        return np.array([1.0, *view.pose.local(x, y)], dtype=np.float32)

    def _any_memory(self, view: View) -> Array:
        """For sentences that name nothing: mostly empty, as it is then."""
        return NOTHING if self._rng.random() < 0.8 else self._wrong_memory(view)


def _wandered(rng: np.random.Generator) -> Array:
    x, y = rng.normal(0.0, WANDERED_M, size=2)
    return np.array([x, y, rng.uniform(*HEADINGS)], dtype=np.float32)


def _stage_of(rng: np.random.Generator, task: Task, stage: int) -> Array:
    """A pose somewhere between the beginning and the end of a turn or a drive, or past it."""
    goal = task.goals[stage]
    x, y, heading = rng.normal(0.0, DRIFT, size=3)
    if isinstance(goal, Turn):
        heading = _between(rng, goal.angle)
    elif isinstance(goal, Drive):
        x = _between(rng, goal.distance)
    return np.array([x, y, heading], dtype=np.float32)


def _between(rng: np.random.Generator, end: float) -> float:
    past = float(np.copysign(PAST_THE_END, end))
    low, high = sorted((-past / 2, end + past))
    if rng.random() < FAR_PAST_SHARE:
        return end + float(np.copysign(rng.uniform(PAST_THE_END, FAR_PAST), end))
    # What happens near the end is what counts.
    return float(rng.normal(end, 0.15)) if rng.random() < 0.3 else float(rng.uniform(low, high))


@functools.cache
def _distractors() -> tuple[tuple[str, str], ...]:
    """Colours and shapes of what training shows and no instruction names."""
    return tuple((colour, s) for colour in COLOURS for s in train_side().distractor_shapes)


def _absent_thing(
    rng: np.random.Generator, room: Room, pairs: tuple[tuple[str, str], ...]
) -> Solid:
    """A thing that is not in the room but shares its colour or its shape with one that is."""
    pairs = tuple(pair for pair in pairs if room.find(*pair) is None)
    like = room.objects[int(rng.integers(len(room.objects)))]
    near = [pair for pair in pairs if (pair[0] == like.colour) != (pair[1] == like.shape)]
    chosen = near or pairs
    colour, shape = chosen[int(rng.integers(len(chosen)))]
    return dataclasses.replace(like, colour=colour, shape=shape)
