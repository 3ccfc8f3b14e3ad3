# SPDX-License-Identifier: Apache-2.0
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.levels import Alarm, Level, Limit, Patience

ABOVE = Limit(warn=100.0, error=200.0, margin=0.1, unit="ms")
BELOW = Limit(warn=24.0, error=10.0, above=False, margin=0.1, unit="Hz")


@pytest.mark.parametrize(
    ("limit", "value", "level"),
    [
        (ABOVE, 99.9, Level.OK),
        (ABOVE, 100.0, Level.WARN),
        (ABOVE, 200.0, Level.ERROR),
        (BELOW, 24.0, Level.OK),
        (BELOW, 23.9, Level.WARN),
        (BELOW, 9.9, Level.ERROR),
    ],
)
def test_thresholds_give_the_level_of_a_good_thing(limit, value, level):
    assert limit.judge(value) is level


@pytest.mark.parametrize(
    ("limit", "value", "present", "level"),
    [
        (ABOVE, 95.0, Level.WARN, Level.WARN),
        (ABOVE, 89.0, Level.WARN, Level.OK),
        (ABOVE, 185.0, Level.ERROR, Level.ERROR),
        (ABOVE, 95.0, Level.ERROR, Level.WARN),
        (BELOW, 26.0, Level.WARN, Level.WARN),
        (BELOW, 26.5, Level.WARN, Level.OK),
    ],
)
def test_a_bad_thing_must_come_back_by_the_margin(limit, value, present, level):
    assert limit.judge(value, present) is level


@given(st.floats(0.0, 1e4), st.sampled_from(Level), st.booleans())
def test_hysteresis_never_hides_a_number_beyond_its_threshold(value, present, above):
    limit = ABOVE if above else BELOW
    assert limit.judge(value, present) >= limit.judge(value)


@pytest.mark.parametrize("limit", [{"warn": 2, "error": 1}, {"warn": 1, "error": 2, "above": 0}])
def test_swapped_thresholds_are_refused(limit):
    with pytest.raises(ValueError, match="warn must be"):
        Limit(**limit)


def test_infinity_or_zero_switches_a_limit_off():
    assert Limit(float("inf"), float("inf")).judge(1e12) is Level.OK
    assert Limit(0.0, 0.0, above=False).judge(0.0) is Level.OK


def test_without_patience_an_alarm_rises_at_once_and_falls_after_the_time():
    alarm = Alarm(ABOVE, Patience(clear_after_s=2.0))
    assert alarm.update(150.0, 0.0) is Level.WARN
    assert alarm.update(50.0, 1.0) is Level.WARN
    assert alarm.update(50.0, 2.9) is Level.WARN
    assert alarm.update(50.0, 3.0) is Level.OK


def test_a_fault_on_its_way_to_error_rises_once():
    alarm = Alarm(ABOVE, Patience(raise_after_s=0.4))
    levels = [alarm.update(value, 0.2 * i) for i, value in enumerate((50, 150, 180, 250, 250))]
    assert levels == [Level.OK, Level.OK, Level.OK, Level.ERROR, Level.ERROR]


def test_what_is_bad_for_less_than_the_patience_never_rises():
    alarm = Alarm(ABOVE, Patience(raise_after_s=0.4))
    for i in range(20):
        assert alarm.update(250.0 if i % 2 else 50.0, 0.2 * i) is Level.OK


def test_a_relapse_starts_the_time_anew():
    alarm = Alarm(ABOVE, Patience(clear_after_s=2.0))
    for value, now_s in [(150.0, 0.0), (50.0, 1.0), (150.0, 2.0), (50.0, 2.5)]:
        alarm.update(value, now_s)
    assert alarm.update(50.0, 4.0) is Level.WARN
    assert alarm.update(50.0, 4.5) is Level.OK


def test_nothing_to_judge_counts_as_good():
    alarm = Alarm(ABOVE, Patience(clear_after_s=1.0))
    alarm.update(250.0, 0.0)
    alarm.update(None, 1.0)
    assert alarm.update(None, 2.0) is Level.OK


def test_ceiling_keeps_a_level_down():
    assert Alarm(ABOVE, Patience()).update(1e9, 0.0, ceiling=Level.WARN) is Level.WARN


@given(st.lists(st.floats(0.0, 300.0), min_size=1, max_size=50))
def test_alarm_is_never_below_the_bare_thresholds(values):
    alarm = Alarm(ABOVE, Patience(clear_after_s=1.0))
    for i, value in enumerate(values):
        assert alarm.update(value, 0.2 * i) >= ABOVE.judge(value)


@given(st.lists(st.floats(0.0, 300.0), min_size=1, max_size=50), st.floats(0.0, 2.0))
def test_a_level_changes_only_after_its_time(values, wait_s):
    alarm = Alarm(ABOVE, Patience(wait_s, wait_s))
    levels = [Level.OK, *(alarm.update(value, 0.2 * i) for i, value in enumerate(values))]
    changes = [i for i, (a, b) in enumerate(itertools.pairwise(levels)) if a != b]
    assert all(
        0.2 * (later - sooner) >= wait_s - 1e-9 for sooner, later in itertools.pairwise(changes)
    )


@given(st.lists(st.floats(91.0, 109.0), min_size=2, max_size=50))
def test_noise_within_the_margin_changes_the_level_at_most_once(values):
    alarm = Alarm(ABOVE, Patience())
    levels = [alarm.update(value, 0.2 * i) for i, value in enumerate(values)]
    assert sum(a != b for a, b in itertools.pairwise([Level.OK, *levels])) <= 1
