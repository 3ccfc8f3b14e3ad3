# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_policy.memory import MODES
from vla_sim.phrasebook import Phrasebook
from vla_sim.room import generate_room
from vla_sim.splits import held_out_side, train_side
from vla_train.curriculum import Curriculum
from vla_train.glance import draw_glance
from vla_train.lesson import View


def lessons(room, spec, count, seed=0):
    rng = np.random.default_rng(seed)
    curriculum = Curriculum(rng, room, Phrasebook.of(train_side()), spec)
    return [
        lesson
        for _ in range(count)
        for lesson in curriculum.lessons(View(room, draw_glance(rng, room)))
    ]


@pytest.fixture(scope="module")
def many(module_spec):
    return [
        lesson
        for seed in range(6)
        for lesson in lessons(generate_room(seed, "train"), module_spec, 30, seed)
    ]


@pytest.fixture(scope="module")
def module_spec():
    from vla_policy.action import ActionSpec

    return ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 4)


def test_every_thing_of_the_room_is_asked_for_in_every_view(spec):
    room = next(
        room
        for room in (generate_room(seed, "train") for seed in range(20))
        if len(room.objects) > len(room.things)
    )
    for seed in range(5):
        said = [lesson.instruction for lesson in lessons(room, spec, 1, seed)]
        for thing in room.objects:
            assert any(thing.name in sentence for sentence in said)


def test_all_that_a_look_can_say_is_taught(many):
    modes = [lesson.sight.mode for lesson in many if lesson.sight]
    shares = np.bincount(modes, minlength=len(MODES)) / len(modes)
    assert shares.min() > 0.1
    assert 0.1 < np.mean([lesson.sight is None for lesson in many]) < 0.4
    assert {lesson.stage for lesson in many} == {0, 1}
    assert any(lesson.more for lesson in many)


def test_memories_are_empty_right_and_wrong(many):
    named = [lesson for lesson in many if lesson.sight is not None]
    known = np.mean([lesson.memory[0] for lesson in named])
    assert 0.3 < known < 0.8
    off = [
        np.hypot(*(lesson.memory[1:] - np.array(lesson.sight.spot)))
        for lesson in named
        if lesson.memory[0]
    ]
    assert 0.3 < np.mean(np.array(off) < 0.6) < 0.95


def test_nothing_is_said_that_is_held_out(many):
    said = {lesson.instruction for lesson in many}
    for colour, shape in held_out_side().pairs:
        assert not any(f"{colour} {shape}" in sentence for sentence in said)


def test_the_same_stream_gives_the_same_lessons(spec):
    room = generate_room(4, "train")
    a, b = (lessons(room, spec, 3) for _ in range(2))
    assert [x.instruction for x in a] == [x.instruction for x in b]
    assert all(np.array_equal(x.actions, y.actions) for x, y in zip(a, b, strict=True))
