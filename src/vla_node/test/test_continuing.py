# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_node.continuing import KEPT_DELAYS, Continuation

MS = 1_000_000
STAMP = 1_000_000 * MS
TASK = 3


@pytest.fixture
def driven(make_chunk):
    """A continuation whose last chunk was seen at `STAMP` and took 250 ms."""
    continuation = Continuation()
    continuation.note(make_chunk(STAMP), TASK, 250 * MS, cold=False)
    return continuation


def test_nothing_is_planned_before_the_first_chunk():
    assert Continuation().plan(STAMP, TASK) is None
    assert Continuation().delay_steps == 0


def test_plan_holds_what_is_left_of_the_last_chunk_in_the_new_steps(driven, make_chunk):
    plan = driven.plan(STAMP + 300 * MS, TASK)
    chunk = make_chunk(STAMP)
    assert np.array_equal(plan.actions[:5], chunk.actions[3:])
    assert not plan.actions[5:].any()
    assert (plan.frozen, plan.known) == (3, 5)


@pytest.mark.parametrize(("after_ms", "known"), [(249, 6), (251, 5), (330, 5), (360, 4)])
def test_steps_that_have_most_in_common_are_matched(driven, after_ms, known):
    assert driven.plan(STAMP + after_ms * MS, TASK).known == known


def test_chunk_of_another_task_is_no_plan(driven):
    assert driven.plan(STAMP + 100 * MS, TASK + 1) is None


@pytest.mark.parametrize("after_ms", [-100, 760, 5000])
def test_chunk_that_has_run_out_or_lies_ahead_is_no_plan(driven, after_ms):
    assert driven.plan(STAMP + after_ms * MS, TASK) is None


def test_no_more_is_frozen_than_is_known(driven):
    plan = driven.plan(STAMP + 650 * MS, TASK)
    assert (plan.frozen, plan.known) == (1, 1)


@pytest.mark.parametrize(("elapsed_ms", "steps"), [(0, 0), (1, 1), (100, 1), (101, 2), (-5, 0)])
def test_a_step_that_has_begun_is_consumed(make_chunk, elapsed_ms, steps):
    continuation = Continuation()
    continuation.note(make_chunk(STAMP), TASK, elapsed_ms * MS, cold=False)
    assert continuation.delay_steps == steps


def test_the_longest_of_the_last_delays_is_expected(make_chunk):
    continuation = Continuation()
    for delay in (5, 2, 3):
        continuation.note(make_chunk(STAMP), TASK, delay * 100 * MS, cold=False)
    assert continuation.delay_steps == 5
    for _ in range(KEPT_DELAYS - 2):
        continuation.note(make_chunk(STAMP), TASK, 100 * MS, cold=False)
    assert continuation.delay_steps == 3


def test_an_inference_with_a_sentence_to_encode_counts_only_while_there_is_no_other(make_chunk):
    continuation = Continuation()
    continuation.note(make_chunk(STAMP), TASK, 700 * MS, cold=True)
    assert continuation.delay_steps == 7
    continuation.note(make_chunk(STAMP), TASK, 200 * MS, cold=False)
    assert continuation.delay_steps == 2
    continuation.note(make_chunk(STAMP), TASK + 1, 700 * MS, cold=True)
    assert continuation.delay_steps == 2
    assert continuation.plan(STAMP, TASK + 1) is not None, "its chunk is driven all the same"


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 900), st.booleans()), min_size=1))
def test_a_plan_says_what_the_last_chunk_says_for_the_same_time(make_chunk, story):
    """At the middle of each known step, up to half a step of the two grids' distance."""
    continuation, now, last = Continuation(), 0, None
    for pause_ms, delay_ms, cold in story:
        now += pause_ms
        plan = continuation.plan(STAMP + now * MS, TASK)
        if plan is not None:
            for step in range(plan.known):
                middle = now + 100 * step - last.observation_stamp // MS + STAMP // MS
                assert np.array_equal(plan.actions[step], last.actions[(middle + 50) // 100])
            assert 0 <= plan.frozen <= plan.known
        last = make_chunk(STAMP + now * MS)
        continuation.note(last, TASK, delay_ms * MS, cold)
