# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.room import generate_room
from vla_sim.task import parse_task
from vla_train.expert import SEARCH_TURN
from vla_train.lesson import ABSENT_THINGS, MOVES, further_lessons, go_to_lesson

AHEAD = np.zeros(3, np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_thing_in_view_is_approached_and_marked(rng, room, spec):
    lesson = go_to_lesson(rng, room, Pose(0, 0, 0), AHEAD, room.objects[0], spec)
    assert lesson.names_thing
    assert lesson.pixel == pytest.approx((160, 120), abs=40)
    assert lesson.actions[0, 0] > 0.2


def test_a_thing_behind_is_searched_for(rng, room, spec):
    lesson = go_to_lesson(rng, room, Pose(0, 0, np.pi), AHEAD, room.objects[0], spec)
    assert lesson.pixel is None
    assert lesson.actions[0].tolist() == pytest.approx([0.0, SEARCH_TURN])


def test_every_thing_of_the_room_is_asked_for_and_some_that_look_alike(rng, spec):
    room = generate_room(4, "train")
    for _ in range(20):
        lessons = further_lessons(rng, room, room.start, AHEAD, spec)
        things = [lesson for lesson in lessons if lesson.names_thing]
        assert len(lessons) == len(things) + MOVES
        named = {tuple(lesson.instruction.split()[-2:]) for lesson in things}
        there = {(solid.colour, solid.shape) for solid in room.objects}
        assert there <= named
        assert len(things) == len(there) + ABSENT_THINGS
        for colour, shape in named - there:
            assert any(colour == c or shape == s for c, s in there)
        for lesson in things:
            if tuple(lesson.instruction.split()[-2:]) not in there:
                assert lesson.pixel is None


def test_moves_are_taught_from_before_their_start_to_past_their_end(rng, room, spec):
    turns = [
        lesson
        for _ in range(400)
        for lesson in further_lessons(rng, room, room.start, AHEAD, spec)
        if not lesson.names_thing and parse_task(lesson.instruction, room).family == "turn_right"
    ]
    headings = np.array([lesson.state[2] for lesson in turns])
    assert headings.min() < -np.pi / 2 - 0.2
    assert headings.max() > 0.1
    for lesson in turns:
        wanted = -np.pi / 2 - lesson.state[2]
        assert np.sign(lesson.actions[0, 1]) == (np.sign(wanted) if abs(wanted) > 0.02 else 0)


def test_the_same_stream_gives_the_same_lessons(room, spec):
    a, b = (
        further_lessons(np.random.default_rng(3), room, room.start, AHEAD, spec) for _ in range(2)
    )
    assert [x.instruction for x in a] == [x.instruction for x in b]
    assert all(np.array_equal(x.actions, y.actions) for x, y in zip(a, b, strict=True))
