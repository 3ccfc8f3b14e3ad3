# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.action import ActionSpec
from vla_policy.action_tokenizer import ROUNDING, RT1_ACTION, ActionPart, ActionTokenizer
from vla_policy.errors import ActionSpecError
from vla_policy.models import token_decoder

VECTOR = ActionTokenizer((ActionPart("vector", 3),), bins=10)
MODE = ActionTokenizer((ActionPart("terminate", 2, discrete=True),), bins=10)


def test_values_become_the_tokens_of_the_paper_s_code():
    assert VECTOR.tokenise({"vector": [0.1, 0.5, -0.8]}).tolist() == [4, 6, 0]
    assert VECTOR.tokenise({"vector": [-1.0, 1.0, 7.0]}).tolist() == [0, 9, 9]
    fine = ActionTokenizer((ActionPart("vector", 5),))
    halves = {"vector": [-1.0, -0.5, 0.0, 0.5, 1.0]}
    assert fine.tokenise(halves).tolist() == [0, 63, 127, 191, 255]


def test_a_choice_is_one_token_and_comes_back_one_hot():
    assert MODE.tokens_per_action == 1
    assert MODE.tokenise({"terminate": [0, 1]}).tolist() == [1]
    assert MODE.detokenise([0])["terminate"].tolist() == [1, 0]
    assert MODE.detokenise([1])["terminate"].tolist() == [0, 1]


@pytest.mark.parametrize("token", [2, 3, 9])
def test_what_is_no_choice_is_the_first_one(token):
    assert MODE.detokenise([token])["terminate"].tolist() == [1, 0]


@pytest.mark.parametrize("values", [[1, 8], [1, 1], [0, 0], [2, -1]])
def test_a_choice_that_is_not_one_hot_is_refused(values):
    with pytest.raises(ActionSpecError, match="terminate must be one-hot"):
        MODE.tokenise({"terminate": values})


def test_the_paper_s_action_has_eleven_tokens():
    tokenizer = ActionTokenizer(RT1_ACTION)
    assert tokenizer.tokens_per_action == 11
    action = {
        "terminate_episode": [0, 1, 0],
        "world_vector": [0.3, -0.4, 1.0],
        "rotation_delta": [1.5, 0.0, -1.5],
        "gripper_closedness_action": [0.9],
        "base_displacement_vertical_rotation": [-3.0],
        "base_displacement_vector": [0.1, -0.2],
    }
    again = tokenizer.detokenise(tokenizer.tokenise(action))
    assert list(again) == list(action)
    for part in RT1_ACTION:
        step = (part.high - part.low) / 255
        error = np.asarray(action[part.name]) - again[part.name]
        assert (error >= -1e-5).all()
        assert (error < (1e-9 if part.discrete else step)).all()


def test_the_fields_of_a_twist_are_parts_in_their_units():
    spec = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 8)
    tokenizer = ActionTokenizer.of(spec)
    tokens = tokenizer.tokenise({"linear.x": [[0.6], [-0.6]], "angular.z": [[0.0], [1.5]]})
    assert tokens.tolist() == [[255, 127], [0, 255]]


@given(
    st.lists(st.floats(-2.0, 2.0, width=32), min_size=3, max_size=3),
    st.integers(2, 1024),
    st.floats(-3.0, 0.0),
    st.floats(0.1, 3.0),
)
def test_what_comes_back_lies_less_than_a_bin_below(values, bins, low, high):
    tokenizer = ActionTokenizer((ActionPart("vector", 3, low, high),), bins)
    tokens = tokenizer.tokenise({"vector": values})
    again = tokenizer.detokenise(tokens)["vector"]
    step = (high - low) / (bins - 1)
    error = np.clip(values, low, high) - again
    assert (error > -2 * ROUNDING * step - 1e-6).all()
    assert (error < step + 1e-6).all()


@given(st.integers(2, 512))
def test_tokens_come_back_as_they_are(bins):
    tokenizer = ActionTokenizer((ActionPart("vector", bins, -0.7, 1.3),), bins)
    every = np.arange(bins)
    assert tokenizer.tokenise(tokenizer.detokenise(every)).tolist() == every.tolist()


@given(st.lists(st.floats(-1.5, 1.5, width=32), min_size=4, max_size=4))
def test_the_network_sorts_values_into_the_same_bins(values):
    tokenizer = ActionTokenizer((ActionPart("vector", 4),))
    tokens = tokenizer.tokenise({"vector": values})
    theirs = token_decoder.to_bins(torch.tensor(values, dtype=torch.float64), 256)
    assert theirs.tolist() == tokens.tolist()
    again = token_decoder.from_bins(theirs, 256).numpy()
    assert np.abs(again - tokenizer.detokenise(tokens)["vector"]).max() < 1e-6


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ActionPart("arm", 0), "arm must have at least 1 value"),
        (lambda: ActionPart("arm", 1, 1.0, 1.0), "bounds of arm must be finite with low < high"),
        (lambda: ActionTokenizer(()), "names of their own"),
        (lambda: ActionTokenizer((ActionPart("a", 1), ActionPart("a", 1))), "names of their own"),
        (lambda: ActionTokenizer((ActionPart("a", 5, discrete=True),), 4), "bins must be >= 5"),
        (lambda: VECTOR.tokenise({}), "the action lacks vector"),
        (lambda: VECTOR.tokenise({"vector": [1.0]}), r"expected vector of shape \[..., 3\]"),
        (lambda: VECTOR.tokenise({"vector": [0.0, np.nan, 0.0]}), "vector must be finite"),
        (lambda: VECTOR.tokenise({"vector": [0.0, 0.0, -np.inf]}), "vector must be finite"),
        (lambda: VECTOR.detokenise([1, 2]), r"expected tokens of shape \[..., 3\]"),
        (lambda: VECTOR.detokenise([0, 9, 10]), "tokens must be whole numbers from 0 to 9"),
        (lambda: VECTOR.detokenise([0, -1, 0]), "tokens must be whole numbers from 0 to 9"),
        (lambda: VECTOR.detokenise([0, 0.5, 0]), "tokens must be whole numbers from 0 to 9"),
        (lambda: MODE.detokenise([-1]), "tokens must be whole numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(make, sentence):
    with pytest.raises(ActionSpecError, match=sentence):
        make()
