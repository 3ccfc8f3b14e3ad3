# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.errors import ObservationError
from vla_policy.plan import Plan


def plan(frozen, known, horizon=8):
    return Plan(np.zeros((horizon, 2), dtype=np.float32), frozen, known)


def test_weights_are_those_of_the_paper():
    """Equation 5 of arXiv 2506.07339, by hand: horizon 4, one step frozen, three known."""
    one, two = 1 / 3, 2 / 3
    soft = [c * (np.e**c - 1) / (np.e - 1) for c in (two, one)]
    assert plan(1, 3, 4).weights() == pytest.approx([1.0, *soft, 0.0])


@given(st.integers(1, 40), st.data())
def test_what_is_frozen_is_held_and_what_is_unknown_is_free(horizon, data):
    known = data.draw(st.integers(0, horizon))
    frozen = data.draw(st.integers(0, known))
    weights = plan(frozen, known, horizon).weights()
    assert weights.dtype == np.float32
    assert (weights[:frozen] == 1).all()
    assert (weights[known:] == 0).all()
    between = weights[frozen:known]
    assert ((between > 0) & (between < 1)).all()
    assert (np.diff(weights) <= 0).all()
    assert (np.diff(between) < 0).all()


@pytest.mark.parametrize(("frozen", "known"), [(-1, 3), (4, 3), (2, 9)])
def test_counts_that_make_no_sense_are_refused(frozen, known):
    with pytest.raises(ObservationError, match=f"got frozen {frozen} and known {known}"):
        plan(frozen, known)


@pytest.mark.parametrize("actions", [np.zeros(3), np.full((3, 2), np.nan)])
def test_actions_that_are_no_plan_are_refused(actions):
    with pytest.raises(ObservationError, match=r"finite actions of shape"):
        Plan(np.float32(actions), 0, 0)
