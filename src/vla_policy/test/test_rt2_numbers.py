# SPDX-License-Identifier: Apache-2.0
"""Numbers as tokens: OpenVLA's known values, what comes back, and the loss between neighbours."""

import itertools
import math

import pytest
import torch

from vla_policy.models.rt2.bins import SCALES, ActionBins, cartesian, polar
from vla_policy.models.rt2.normalising import QuantileNormaliser
from vla_policy.models.rt2.numbers import BINS, QUANTITIES, SPOKEN, number_base
from vla_policy.models.rt2.targets import word_loss

OPENVLA = ActionBins(32000)


@pytest.mark.parametrize(
    ("action", "token", "back"),
    [(-1.0, 31999, -0.996078), (0.0, 31872, 0.0), (1.0, 31744, 0.996078)],
)
def test_actions_are_the_tokens_of_openvla(action, token, back):
    found = OPENVLA.tokens(torch.tensor(action))
    assert found == token
    assert float(OPENVLA.actions(found)) == pytest.approx(back, abs=1e-6)


def test_there_are_255_centres_in_the_last_256_tokens():
    tokens = torch.arange(OPENVLA.first, 32000)
    assert OPENVLA.first == 31744
    assert len(OPENVLA.actions(tokens).unique()) == 255
    assert OPENVLA.tokens(torch.linspace(-5, 5, 999)).min() == 31744


def test_an_action_comes_back_to_within_half_a_bin():
    actions = torch.linspace(-1, 1, 1001)
    off = OPENVLA.actions(OPENVLA.tokens(actions)) - actions
    assert off.abs().max() <= 1 / 255 + 1e-6


def test_ranges_of_numbers_lie_side_by_side_at_the_end():
    bases = [number_base(2910, name) for name in QUANTITIES]
    assert bases[0] == 2910 - SPOKEN
    assert [b - a for a, b in itertools.pairwise(bases)] == [BINS] * 4
    assert bases[-1] + BINS == ActionBins(2910).first
    assert tuple(SCALES) == QUANTITIES


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("ahead", 0.0, 0.004),
        ("ahead", 1.0, 0.02),
        ("left", -3.5, 0.07),
        ("turned", math.pi / 2, 0.03),
        ("turned", -9.0, 0.11),
        ("bearing", 0.8, 0.02),
        ("distance", 0.6, 0.01),
        ("distance", 5.0, 0.05),
    ],
)
def test_a_quantity_comes_back_nearly(name, value, most):
    scale = SCALES[name]
    place = scale.places(torch.tensor(value))
    assert 0 <= place < BINS
    assert float(scale.values(place)) == pytest.approx(value, abs=most)


@pytest.mark.parametrize("name", QUANTITIES)
def test_what_is_out_of_range_is_the_last_bin(name):
    places = SCALES[name].places(torch.tensor([-1e6, 1e6]))
    assert places.tolist() == [0, BINS - 1]


def test_a_place_in_polar_form_is_the_same_place():
    places = torch.tensor([[1.0, 2.0], [-0.5, 0.1], [0.3, -4.0]])
    torch.testing.assert_close(cartesian(*polar(places)), places)


def test_quantiles_become_the_ends_and_come_back():
    normaliser = QuantileNormaliser(2)
    ramp = torch.linspace(0, 1, 1001)
    actions = torch.stack([ramp, -0.5 + 0.2 * ramp], dim=1)
    normaliser.fit(actions)
    torch.testing.assert_close(normaliser.low, torch.tensor([0.01, -0.498]))
    torch.testing.assert_close(normaliser.high, torch.tensor([0.99, -0.302]))
    usual = actions[10:991]
    unit = normaliser.normalise(usual)
    torch.testing.assert_close(unit[0], -torch.ones(2))
    torch.testing.assert_close(unit[-1], torch.ones(2))
    torch.testing.assert_close(normaliser.unnormalise(unit), usual)
    assert normaliser.normalise(torch.tensor([5.0, -5.0])).tolist() == [1.0, -1.0]


def test_an_action_that_never_changes_does_not_divide_by_nothing():
    normaliser = QuantileNormaliser(1)
    normaliser.fit(torch.full((50, 1), 0.25))
    unit = normaliser.normalise(torch.tensor([[0.25]]))
    torch.testing.assert_close(unit, torch.zeros(1, 1))
    torch.testing.assert_close(normaliser.unnormalise(unit), torch.tensor([[0.25]]))


def test_without_smoothing_the_loss_is_cross_entropy():
    logits = torch.randn(7, 2910, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 5, 1374, 1375, 2653, 2654, 2909])
    expected = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    torch.testing.assert_close(word_loss(logits, targets, 2910), expected)


def test_a_number_leaks_into_its_neighbours_but_not_into_another_range():
    first = number_base(2910, "left")
    logits = torch.full((1, 2910), -30.0)
    logits[0, first + 1] = 0.0
    at = [
        float(word_loss(logits, torch.tensor([token]), 2910, smoothing=1.0))
        for token in (first + 1, first, first - 1)
    ]
    assert at[0] < at[1] < 30.0
    assert at[2] == pytest.approx(30.0, abs=0.01)


def test_a_word_that_is_no_number_leaks_nowhere():
    logits = torch.randn(1, 2910, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([2910 - SPOKEN - 1])
    torch.testing.assert_close(
        word_loss(logits, target, 2910, smoothing=2.0), word_loss(logits, target, 2910)
    )
