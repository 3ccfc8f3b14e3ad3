# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.errors import ActionSpecError
from vla_train.babyai.choices import BABYAI_ACTIONS, ChoiceSpec


@given(st.integers(2, 60), st.data())
def test_every_choice_comes_back(count, data):
    spec = ChoiceSpec(tuple(f"choice {number}" for number in range(count)))
    number = data.draw(st.integers(0, count - 1))
    value = spec.normalise(number)
    assert -1.0 <= value <= 1.0
    assert spec.unnormalise(value) == number
    assert spec.unnormalise(value + 0.4 / (count - 1)) == number


def test_choices_are_minigrids_actions():
    pytest.importorskip("gymnasium")
    from vla_train.babyai.environment import import_minigrid

    import_minigrid()
    from minigrid.core.actions import Actions

    assert [action.name for action in Actions] == list(BABYAI_ACTIONS.names)
    assert [int(action) for action in Actions] == list(range(len(BABYAI_ACTIONS)))


def test_spec_is_read_as_it_was_written():
    assert ChoiceSpec.from_dict(BABYAI_ACTIONS.to_dict()) == BABYAI_ACTIONS
    with pytest.raises(ActionSpecError, match="malformed"):
        ChoiceSpec.from_dict({})


def test_spec_refuses_what_makes_no_sense():
    with pytest.raises(ActionSpecError, match="at least 2"):
        ChoiceSpec(("go",))
    with pytest.raises(ActionSpecError, match="twice"):
        ChoiceSpec(("go", "go"))
    with pytest.raises(ActionSpecError, match="0 to 6"):
        BABYAI_ACTIONS.normalise(np.array([7]))
