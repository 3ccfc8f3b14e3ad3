# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_bringup.back_off import BackOff

lives = st.lists(st.floats(0.0, 1e4), min_size=1, max_size=30)


def test_waits_double_up_to_the_longest():
    back_off = BackOff(first_s=1.0, longest_s=10.0)
    assert [back_off.wait_after(0.0) for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_long_life_makes_the_next_wait_short_again():
    back_off = BackOff(healthy_s=60.0)
    for _ in range(5):
        back_off.wait_after(1.0)
    assert back_off.wait_after(60.0) == back_off.first_s


def test_life_that_was_not_long_enough_does_not():
    back_off = BackOff(healthy_s=60.0)
    assert back_off.wait_after(59.9) < back_off.wait_after(59.9)


@given(lives)
def test_wait_is_never_shorter_than_the_first_nor_longer_than_the_longest(lives):
    back_off = BackOff()
    for life_s in lives:
        assert back_off.first_s <= back_off.wait_after(life_s) <= back_off.longest_s


@given(lives)
def test_dying_at_once_never_shortens_the_wait(lives):
    back_off = BackOff()
    for life_s in lives:
        back_off.wait_after(life_s)
    assert back_off.wait_after(0.0) <= back_off.wait_after(0.0)


@pytest.mark.parametrize(
    "wrong", [{"first_s": 0.0}, {"first_s": 40.0}, {"first_s": -1.0}, {"factor": 0.5}]
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        BackOff(**wrong)
