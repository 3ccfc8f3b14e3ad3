# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.models.mean_shift import mean_shift

SIZES = [11, 41, 256]


def spread(bins, *values):
    """Bins, and chances that are shared between both neighbours of each value."""
    centres = torch.linspace(-1, 1, bins)
    width = 2 / (bins - 1)
    chances = sum((1 - (centres - value).abs() / width).clamp(min=1e-9) for value in values)
    return chances / chances.sum(), centres


@pytest.mark.parametrize("certain", [0, 1, 20, 39, 40])
def test_a_bin_that_is_certain_is_taken_wherever_it_lies(certain):
    logits = torch.full((41,), -200.0)
    logits[certain] = 0.0
    values = torch.linspace(-1, 1, 41)
    assert mean_shift(logits.softmax(-1), values).item() == pytest.approx(values[certain].item())


@pytest.mark.parametrize("bins", SIZES)
@given(value=st.floats(-1, 1))
def test_a_value_that_is_certain_is_taken_wherever_it_lies(bins, value):
    assert mean_shift(*spread(bins, value)).item() == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("bins", [41, 256])
def test_of_two_ways_it_takes_the_likelier_and_not_what_lies_between(bins):
    assert mean_shift(*spread(bins, -0.8, -0.8, 0.8)).item() == pytest.approx(-0.8, abs=1e-3)


def test_who_mostly_drives_does_not_stand_because_no_single_speed_is_as_likely():
    chances = torch.full((41,), 1e-4)
    chances[20] = 0.25
    chances[29:34] = 0.15
    values = torch.linspace(-1, 1, 41)
    assert mean_shift(chances, values).item() == pytest.approx(values[31].item(), abs=0.01)


@pytest.mark.parametrize("bins", [41, 256])
@given(
    middle=st.floats(-0.6, 0.6),
    width=st.floats(0.03, 0.15),
    beside=st.floats(-1, 1),
    seed=st.integers(0, 9),
)
def test_chances_of_fewer_digits_come_to_the_same_value(bins, middle, width, beside, seed):
    """A hump with a lesser one somewhere; the likeliest bin may be another one after rounding."""
    values = torch.linspace(-1, 1, bins)
    logits = torch.logaddexp(
        -(((values - middle) / width) ** 2) / 2,
        -(((values - beside) / 0.1) ** 2) / 2 - 2.0,
    )
    wrong = 0.01 * torch.randn(bins, generator=torch.Generator().manual_seed(seed))
    exact = mean_shift(logits.softmax(-1), values)
    rounded = mean_shift((logits + wrong).softmax(-1), values)
    assert abs(exact - rounded) < 0.01


def test_each_row_is_its_own():
    rows = [spread(41, value)[0] for value in (-0.9, 0.0, 0.33, 0.9)]
    together = mean_shift(torch.stack(rows).view(2, 2, 41), torch.linspace(-1, 1, 41))
    assert together.flatten().tolist() == pytest.approx([-0.9, 0.0, 0.33, 0.9], abs=1e-4)
