# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_train.reaction import Reaction

DT, HORIZON = 0.1, 8


def chunk_of(number):
    """A chunk whose actions tell which one they are of, and their place in it."""
    return np.array([[number, place] for place in range(HORIZON)], dtype=np.float32)


def looked_until(look, latency_s):
    reaction = Reaction(DT, latency_s)
    for number in range(look + 1):
        reaction.take(chunk_of(number), DT * number)
    return reaction


@given(
    look=st.integers(0, 30),
    latency=st.integers(0, 7),
    after=st.integers(0, 9),
)
def test_what_is_driven_is_meant_for_that_time_and_as_new_as_can_be(look, latency, after):
    reaction = looked_until(look, DT * latency)
    time = look + after  # in steps; the middle of the step is asked for
    chunk, place = reaction.action(DT * (time + 0.5))
    newest = min(look, time - latency)
    expected = (newest, time - newest)
    assert (chunk, place) == (expected if newest >= 0 and expected[1] < HORIZON else (0, 0))


def test_a_chunk_that_ends_before_its_time_comes_is_never_driven():
    reaction = looked_until(20, 0.85)
    assert reaction.action(2.05) == (0.0, 0.0)


def test_looking_ahead_changes_nothing():
    reaction = looked_until(5, 0.3)
    before = [reaction.action(0.55), reaction.action(0.8)]
    assert [reaction.action(0.55), reaction.action(0.8)] == before
    assert before == [pytest.approx((2.0, 3.0)), pytest.approx((5.0, 3.0))]
