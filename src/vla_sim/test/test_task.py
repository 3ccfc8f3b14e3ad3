# SPDX-License-Identifier: Apache-2.0
import pytest

from vla_sim.errors import TaskError
from vla_sim.room import generate_room
from vla_sim.task import FAMILIES, WORDINGS, make_task, parse_task

ROOM = generate_room(3)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_wording_is_understood(family):
    target = ROOM.objects[0] if family == "go_to" else None
    for index in range(len(WORDINGS[family])):
        task = make_task(family, index, target)
        assert parse_task(task.instruction, ROOM) == task


def test_case_spaces_and_a_full_stop_do_not_matter():
    name = ROOM.objects[1].name
    assert parse_task(f"  Go to the   {name.title()}. ", ROOM).target == ROOM.objects[1]


def test_a_thing_that_is_not_there_is_named_with_what_is():
    missing = next(
        f"{colour} ball"
        for colour in ("red", "blue", "green", "purple")
        if ROOM.find(colour, "ball") is None
    )
    with pytest.raises(TaskError, match=f"no {missing} in this room .*{ROOM.objects[0].name}"):
        parse_task(f"go to the {missing}", ROOM)


@pytest.mark.parametrize("text", ["dance", "", "go to the red donut", "x" * 1000])
def test_a_sentence_of_no_family_is_answered_with_examples(text):
    with pytest.raises(TaskError, match='expected a sentence like "go to the red ball"'):
        parse_task(text, ROOM)
