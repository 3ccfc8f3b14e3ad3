# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.errors import ActionSpecError

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.2, -1.5), (0.6, 1.5), 0.1, 4)


def spec_with(**changes):
    return ActionSpec.from_dict({**SPEC.to_dict(), **changes})


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=2))
def test_normalising_undoes_unnormalising(unit):
    assert SPEC.normalise(SPEC.unnormalise(unit)) == pytest.approx(unit, abs=1e-5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))
def test_no_action_leaves_the_bounds(unit):
    physical = SPEC.unnormalise(unit)
    assert np.all(physical >= np.float32(SPEC.low))
    assert np.all(physical <= np.float32(SPEC.high))


def test_bounds_are_the_ends_of_the_unit_range():
    assert SPEC.unnormalise([[-1, -1], [1, 1]]) == pytest.approx(np.array([SPEC.low, SPEC.high]))


def test_units_follow_from_the_names():
    assert SPEC.units == ("m/s", "rad/s")
    assert SPEC.duration == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"names": ["linear.x", "gripper"]}, "unknown action 'gripper'"),
        ({"names": ["linear.x", "linear.x"]}, "named twice"),
        ({"names": [], "low": [], "high": []}, "at least one"),
        ({"low": [0.0]}, "one entry each"),
        ({"low": [1.0, -1.5]}, "bounds of linear.x must be finite with low < high"),
        ({"high": [float("nan"), 1.5]}, "bounds of linear.x must be finite"),
        ({"dt": 0.0}, "dt must be > 0 s"),
        ({"horizon": 0}, "horizon must be at least 1"),
    ],
)
def test_nonsense_is_refused_by_name(changes, sentence):
    with pytest.raises(ActionSpecError, match=sentence):
        spec_with(**changes)


def test_a_missing_key_is_named():
    values = SPEC.to_dict()
    del values["dt"]
    with pytest.raises(ActionSpecError, match="'dt'"):
        ActionSpec.from_dict(values)


def test_differences_name_what_differs():
    assert SPEC.differences(SPEC) == []
    assert SPEC.differences(spec_with(dt=0.2)) == ["dt: expected 0.1, got 0.2"]


def test_an_action_of_another_width_is_refused():
    with pytest.raises(ActionSpecError, match=r"\[\.\.\., 2\]"):
        SPEC.unnormalise([0.0, 0.0, 0.0])


@pytest.mark.parametrize("actions", [np.zeros((3, 2)), np.full((4, 2), np.nan)])
def test_a_chunk_that_cannot_be_driven_is_refused(actions):
    with pytest.raises(ActionSpecError):
        ActionChunk(actions.astype(np.float32), 0, SPEC)
