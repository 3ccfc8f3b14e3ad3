# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vla_policy.statistics import LEAST_STD, ActionStatistics

actions = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.integers(1, 3)),
    elements=st.floats(-1, 1, width=32),
)


@given(actions)
def test_statistics_are_those_of_the_actions_and_survive_json(actions):
    found = ActionStatistics.of(actions)
    assert found.mean == pytest.approx(actions.astype(float).mean(axis=0), abs=1e-6)
    assert all(std >= LEAST_STD for std in (*found.std, found.norm_std))
    assert found.norm_mean == pytest.approx(np.linalg.norm(actions, axis=1).mean(), abs=1e-5)
    assert ActionStatistics.from_dict(found.to_dict()) == found


def test_what_never_changed_has_the_least_deviation():
    found = ActionStatistics.of(np.array([[0.0, 0.5], [1.0, 0.5]]))
    assert found.std == pytest.approx((0.5, LEAST_STD))
