# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_sim.errors import TaskError
from vla_sim.geometry import Pose
from vla_sim.goal import Drive, Follow, Reach, Turn
from vla_sim.phrasebook import Phrasebook
from vla_sim.relation import Outlook, references
from vla_sim.room import Solid, generate_room
from vla_sim.splits import KINDS, held_out_side, train_side
from vla_sim.task import SEQUENCE_KINDS, parse_task

ROOM = generate_room(3)


def solid(name, x, y):
    colour, shape = name.split()
    return Solid(colour, shape, x, y, 0.2, 0.4, 0.0, (0.5, 0.5, 0.5))


ROW = dataclasses.replace(
    ROOM,
    width=8.0,
    depth=8.0,
    objects=(
        solid("red box", 2.5, 1.2),
        solid("yellow ball", 2.0, 0.0),
        solid("blue box", 3.0, -1.2),
        solid("green cone", -3.0, 0.0),
    ),
    start=Pose(0.0, 0.0, 0.0),
)
"""From the start: a red box to the left, a ball ahead, a blue box to the right and further."""


@pytest.mark.parametrize("side", [train_side, held_out_side])
@pytest.mark.parametrize("kind", [k for k in KINDS if KINDS[k] != "relation"])
def test_every_sentence_that_is_said_is_understood(side, kind):
    rng, book = np.random.default_rng(0), Phrasebook.of(side())
    ball = next(s for s in generate_room(0).things if s.shape == "ball")
    room = dataclasses.replace(ROOM, objects=(*ROOM.things[:2], ball))

    def part(clause):
        if rng.random() < 0.5:
            return book.go_to(rng, room.objects[int(rng.integers(2))], clause)
        return book.move(rng, SEQUENCE_KINDS[1 + int(rng.integers(5))], clause)

    said = {
        "go_to": lambda: book.go_to(rng, room.objects[0]),
        "follow": lambda: book.follow(rng, ball),
        "stop": lambda: book.stop(rng),
        "sequence": lambda: book.sequence(rng, part(True), part(True)),
    }
    for _ in range(150):
        task = said.get(kind, lambda: book.move(rng, kind))()
        understood = parse_task(task.instruction, room)
        assert understood == task, task.instruction


@pytest.mark.parametrize("side", [train_side, held_out_side])
def test_every_relation_that_is_said_is_understood(side):
    rng, book = np.random.default_rng(0), Phrasebook.of(side())
    kinds = set()
    for reference, goal in references(Outlook(ROW, ROW.start)):
        for _ in range(10):
            task = book.refer(rng, reference, goal)
            understood = parse_task(task.instruction, ROW)
            assert understood.goals == task.goals, task.instruction
            kinds.add(task.kind)
    assert kinds == {"left_of", "right_of", "nearest", "between"}


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("go to the box left of the ball", "red box"),
        ("go to the box right of the ball", "blue box"),
        ("drive to the nearest box", "red box"),
        ("go to the thing nearest to you", "yellow ball"),
        ("go to the blue thing to the right of the yellow ball", None),
        ("go between the two boxes", None),
    ],
)
def test_relations_mean_what_they_say(sentence, target):
    if target is None and "between" not in sentence:
        with pytest.raises(TaskError):
            parse_task(sentence, ROW)
        return
    task = parse_task(sentence, ROW)
    if target is None:
        assert task.goals == (Reach(None, 2.75, 0.0),)
    else:
        assert task.target.name == target


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("go to the cone left of the ball", "green cone is not in view"),
        ("go to the ball left of the red box", "there are 0 such things"),
        ("go to the ball left of the box", "there are 2 of what"),
        ("drive to the nearest cone", "not in view"),
        ("go between the two balls", "there must be two"),
    ],
)
def test_a_relation_that_makes_no_sense_from_here_is_refused(sentence, why):
    with pytest.raises(TaskError, match=why):
        parse_task(sentence, ROW)


def test_a_relation_depends_on_where_one_stands():
    behind = Pose(5.0, 0.0, math.pi)
    assert parse_task("go to the box left of the ball", ROW, behind).target.name == "blue box"


@pytest.mark.parametrize(
    ("sentence", "goals"),
    [
        ("turn left a little", (Turn(math.radians(30)),)),
        ("turn right half a turn", (Turn(-math.pi),)),
        ("turn around", (Turn(math.pi, either=True),)),
        ("go forward two metres", (Drive(2.0),)),
        ("back up half a meter", (Drive(-0.5),)),
        ("first turn left, then go forward", (Turn(math.pi / 2), Drive(1.0))),
        ("before you turn right, go backward", (Drive(-0.5), Turn(-math.pi / 2))),
        ("go forward a little after you turn left", (Turn(math.pi / 2), Drive(0.4))),
    ],
)
def test_amounts_and_order_are_understood(sentence, goals):
    assert parse_task(sentence, ROOM).goals == goals


def test_case_spaces_and_a_full_stop_do_not_matter():
    thing = ROOM.things[1]
    assert parse_task(f"  Go to the   {thing.name.title()}. ", ROOM).target == thing


def test_what_is_followed_is_the_thing_that_is_named():
    task = parse_task("follow the moving yellow ball", ROW)
    assert task.goals == (Follow(ROW.objects[1]),)


def test_a_thing_that_is_not_there_is_named_with_what_is():
    missing = next(
        f"{colour} ball"
        for colour in ("red", "blue", "green", "purple")
        if ROOM.find(colour, "ball") is None
    )
    with pytest.raises(TaskError, match=f"no {missing} in this room .*{ROOM.objects[0].name}"):
        parse_task(f"go to the {missing}", ROOM)


@pytest.mark.parametrize("text", ["dance", "", "go to the red donut", "x" * 1000])
def test_a_sentence_of_no_kind_is_answered_with_examples(text):
    with pytest.raises(TaskError, match='expected a sentence like "go to the red ball"'):
        parse_task(text, ROOM)
