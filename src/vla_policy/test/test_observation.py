# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_policy.errors import InstructionError, ObservationError
from vla_policy.instruction import MAX_CHARACTERS, clean_instruction
from vla_policy.observation import Observation


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((240, 320, 3), np.uint8),
        np.zeros((1, 240, 320, 4), np.uint8),
        np.zeros((1, 0, 320, 3), np.uint8),
        np.zeros((1, 240, 320, 3), np.float32),
    ],
)
def test_images_of_another_form_are_refused(images):
    with pytest.raises(ObservationError, match=r"\[T, H, W, 3\]"):
        Observation(images, "stop", 0)


def test_a_state_that_is_not_finite_is_refused():
    with pytest.raises(ObservationError, match="finite state"):
        Observation(
            np.zeros((1, 2, 2, 3), np.uint8), "stop", 0, np.array([0, np.nan, 0], np.float32)
        )


def test_an_instruction_is_freed_of_needless_space():
    assert clean_instruction("  go to\tthe  red ball\n") == "go to the red ball"


def test_an_empty_instruction_stays_empty():
    assert clean_instruction(" \n ") == ""


def test_a_long_instruction_is_refused_with_its_length():
    with pytest.raises(InstructionError, match=r"at most 512 characters \(got 10000\)"):
        clean_instruction("x" * 10_000)
    assert len(clean_instruction("x" * MAX_CHARACTERS)) == MAX_CHARACTERS


def test_control_characters_are_refused():
    with pytest.raises(InstructionError, match=r"control character '\\x00'"):
        clean_instruction("go\x00 left")


def test_other_scripts_are_welcome():
    assert clean_instruction("geh zum roten Würfel") == "geh zum roten Würfel"
