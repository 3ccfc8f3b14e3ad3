# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_train.agreement import Agreement, Pair, Rate, Verdict
from vla_train.errors import TrainError


def verdict(success, instruction="go to the red ball"):
    return Verdict(instruction, success, "because", 7.5)


def agreement(with_ros, without_ros, count=30):
    pairs = [Pair(1, verdict(i < with_ros), verdict(i < without_ros)) for i in range(count)]
    return Agreement.of(pairs)


@st.composite
def rates(draw):
    count = draw(st.integers(1, 500))
    return Rate(draw(st.integers(0, count)), count)


def test_the_interval_is_wilsons():
    # 45 of 50: by hand, (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    assert Rate(45, 50).interval == pytest.approx((0.7864, 0.9565), abs=2e-4)


@given(rates())
def test_a_rate_lies_within_its_own_interval(rate):
    assert rate.covers(rate.value)


@given(rates(), rates())
def test_who_is_named_first_does_not_matter(one, other):
    assert Agreement(one, other).holds == Agreement(other, one).holds


def test_equal_rates_agree():
    assert agreement(0, 0).holds
    assert agreement(27, 27).holds
    assert agreement(30, 30).holds


def test_rates_far_apart_do_not_agree():
    assert not agreement(28, 15).holds
    assert not agreement(15, 28).holds


def test_each_interval_has_to_hold_the_other_rate():
    perfect, good = Rate(30, 30), Rate(26, 30)
    assert good.covers(0.9) and perfect.covers(0.9)
    # 86.7 % is below the lower bound of 30 of 30, which is 88.6 %; so is 100 % above 94.7 %.
    assert not perfect.covers(good.value)
    assert not Agreement(perfect, good).holds
    # The interval of a few episodes is wide, that of many is not.
    few, many = Rate(2, 4), Rate(300, 500)
    assert few.covers(many.value) and not many.covers(few.value)
    assert not Agreement(few, many).holds


def test_a_rate_counts_successes():
    compared = agreement(28, 26)
    assert compared.with_ros == Rate(28, 30)
    assert compared.without_ros == Rate(26, 30)
    assert compared.with_ros.to_dict() == {
        "count": 30,
        "successes": 28,
        "success_rate": 0.9333,
        "wilson_low": pytest.approx(0.7868, abs=2e-4),
        "wilson_high": pytest.approx(0.9815, abs=2e-4),
    }


@pytest.mark.parametrize(("successes", "count"), [(0, 0), (3, 2), (-1, 2)])
def test_a_rate_of_nothing_or_of_too_much_is_refused(successes, count):
    with pytest.raises(TrainError, match=f"got {successes} of {count}"):
        Rate(successes, count)


def test_a_comparison_of_no_episodes_is_refused():
    with pytest.raises(TrainError, match="at least one episode"):
        Agreement.of([])


def test_a_pair_is_of_one_instruction():
    with pytest.raises(TrainError, match=r"'turn left'.*'turn right'"):
        Pair(1, verdict(True, "turn left"), verdict(True, "turn right"))
