# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_bringup.demo.plan import TURNS, make_plan
from vla_bringup.errors import RefusedError
from vla_sim.task import parse_task

seeds = st.integers(min_value=0, max_value=10_000)


@settings(deadline=None)  # rooms take longer on a busy machine
@given(seeds)
def test_three_tasks_go_to_a_thing_turn_and_go_to_another(seed):
    first, turn, last = make_plan(seed).tasks
    assert (first.family, last.family) == ("go_to", "go_to")
    assert turn.kind in TURNS
    assert first.target != last.target


@settings(deadline=None)  # rooms take longer on a busy machine
@given(seeds)
def test_every_chosen_sentence_can_be_judged(seed):
    plan = make_plan(seed)
    for task in plan.tasks:
        assert parse_task(task.instruction, plan.room) == task


@settings(deadline=None)  # rooms take longer on a busy machine
@given(seeds)
def test_same_seed_gives_the_same_plan(seed):
    assert make_plan(seed) == make_plan(seed)


def test_seeds_do_not_all_say_the_same():
    assert len({make_plan(seed).tasks[1].instruction for seed in range(20)}) > 5


def test_users_instruction_is_the_only_task():
    thing = make_plan(3).room.things[0]
    (task,) = make_plan(3, f"Go to the {thing.name}!").tasks
    assert task.target == thing


@pytest.mark.parametrize(
    "instruction",
    ["", "   ", "go to the pink elephant", "make coffee", "x" * 10_000, "turn\x00left"],
)
def test_instruction_without_sense_is_refused(instruction):
    with pytest.raises(RefusedError):
        make_plan(3, instruction)


@pytest.mark.parametrize("instruction", ["", "make coffee", "go to the pink elephant"])
def test_refusal_lists_what_is_in_the_room(instruction):
    with pytest.raises(RefusedError) as refusal:
        make_plan(3, instruction)
    for thing in make_plan(3).room.things:
        assert thing.name in str(refusal.value)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_seed_that_has_no_room_is_refused(seed):
    with pytest.raises(RefusedError, match="seed"):
        make_plan(seed)
