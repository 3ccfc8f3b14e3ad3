# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vla_node.instruction import Heard, InstructionState

S = 1_000_000_000


def test_nothing_is_followed_before_anything_was_said():
    state = InstructionState()
    assert not state.active
    assert not state.spoken


def test_sentence_is_followed_without_its_outer_blanks():
    state = InstructionState()
    assert state.hear("  go to the  red ball ", 0) is Heard.NEW
    assert state.text == "go to the red ball"


def test_sentence_repeated_every_second_is_one_task():
    state = InstructionState()
    state.hear("turn left", 0)
    task = state.task
    assert all(state.hear("turn left", second * S) is Heard.REPEAT for second in range(1, 60))
    assert state.task == task


def test_same_sentence_after_a_silence_begins_the_task_again():
    state = InstructionState()
    state.hear("turn left", 0)
    assert state.hear("turn left", 10 * S) is Heard.NEW


def test_same_sentence_after_a_stop_begins_the_task_again():
    state = InstructionState()
    state.hear("turn left", 0)
    assert state.hear("", 1) is Heard.STOP
    assert not state.active
    assert state.hear("turn left", 2) is Heard.NEW


def test_refused_sentence_stops_and_says_why():
    state = InstructionState()
    state.hear("turn left", 0)
    assert state.hear("a" * 10_000, 1) is Heard.REFUSED
    assert not state.active
    assert "10000" in state.refusal
    assert state.hear("turn right", 2) is Heard.NEW
    assert state.refusal == ""


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "x" * 600]), st.integers(0, 4 * S))))
def test_task_number_rises_with_every_change_and_only_then(sentences):
    state, now = InstructionState(), 0
    for text, gap in sentences:
        now += gap
        before = (state.task, state.text)
        if state.hear(text, now) is Heard.REPEAT:
            assert (state.task, state.text) == before
        else:
            assert state.task == before[0] + 1
