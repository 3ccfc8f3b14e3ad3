# SPDX-License-Identifier: Apache-2.0
"""Jerk along one axis, and ceilings."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_safety.axis_limits import AxisLimits
from vla_safety.errors import ParameterError
from vla_safety.settings import Settings

DT = 0.02
SMOOTH = AxisLimits("linear.x", 1.0, max_acceleration=2.0, max_deceleration=2.0, max_jerk=10.0)


def path(limits, wanted, ticks, start=0.0, rate=0.0):
    """Velocities and accelerations on the way to `wanted`."""
    velocities, rates = [start], [rate]
    for _ in range(ticks):
        velocity = limits.approach(velocities[-1], rates[-1], wanted, DT)
        rates.append((velocity - velocities[-1]) / DT)
        velocities.append(velocity)
    return velocities, rates


@pytest.mark.parametrize("wanted", [0.003, 0.01, 0.2, 1.0, -1.0])
def test_smooth_step_arrives_without_overshoot_and_within_jerk(wanted):
    velocities, rates = path(SMOOTH, wanted, 100)
    assert velocities[-1] == wanted
    assert max(map(abs, velocities)) <= abs(wanted)
    assert max(map(abs, rates)) <= 2.0 + 1e-9
    jerks = [abs(b - a) / DT for a, b in pairwise(rates)]
    assert max(jerks) <= 10.0 + 1e-6


def test_smooth_step_takes_the_time_of_a_trapezoid():
    # 0 to 1 m/s at 2 m/s2 with 10 m/s3: 1/2 + 2/10 = 0.7 s, and a tick or two of grain.
    velocities, _ = path(SMOOTH, 1.0, 100)
    assert velocities.index(1.0) * DT == pytest.approx(0.7, abs=0.06)


def test_each_direction_has_a_jerk_of_its_own():
    limits = AxisLimits("linear.x", 1.0, max_acceleration=2.0, max_jerk=10.0, min_jerk=-40.0)
    _, rates = path(limits, 1.0, 100)
    jerks = [(b - a) / DT for a, b in pairwise(rates)]
    assert max(jerks) == pytest.approx(10.0, abs=1e-6)
    assert -40.0 - 1e-6 <= min(jerks) < -20.0


def test_absent_jerk_does_not_limit():
    limits = AxisLimits("linear.x", 1.0, max_acceleration=2.0)
    assert not limits.smooth
    assert limits.approach(0.0, 0.0, 1.0, DT) == pytest.approx(0.04)
    assert limits.approach(0.5, 0.0, 0.51, DT) == pytest.approx(0.51)


VELOCITY = st.floats(-1.0, 1.0)


@given(
    st.lists(st.tuples(VELOCITY, st.sampled_from([0.0, 0.019, 0.02, 0.021, 0.04])), max_size=60)
)
def test_velocity_and_acceleration_hold_whatever_is_wanted(steps):
    velocity = rate = 0.0
    for wanted, dt in steps:
        after = SMOOTH.approach(velocity, rate, wanted, dt)
        assert abs(after) <= 1.0 + 1e-12
        assert abs(after - velocity) <= 2.0 * dt + 1e-12
        if dt:
            rate = (after - velocity) / dt
        velocity = after


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
def test_jerk_must_be_a_positive_number(bad):
    with pytest.raises(ParameterError, match=r"linear\.x\.max_jerk must be a number > 0 m/s3"):
        AxisLimits("linear.x", 1.0, max_jerk=bad)


@pytest.mark.parametrize("bad", [math.nan, -math.inf, 0.0, 1.0])
def test_min_jerk_must_be_a_negative_number(bad):
    with pytest.raises(ParameterError, match=r"linear\.x\.min_jerk must be a number < 0 m/s3"):
        AxisLimits("linear.x", 1.0, max_jerk=1.0, min_jerk=bad)


def test_more_jerk_is_looser():
    more = AxisLimits("linear.x", 1.0, max_acceleration=2.0, max_deceleration=2.0, max_jerk=11.0)
    assert more.loosened(SMOOTH) == ["linear.x.max_jerk", "linear.x.min_jerk"]
    assert SMOOTH.loosened(more) == []


@pytest.mark.parametrize(
    ("name", "value", "ceiling"),
    [
        ("linear.x.max_velocity", 1.1, "max_velocity 1"),
        ("linear.x.min_velocity", -1.1, "max_velocity 1"),
        ("linear.x.max_acceleration_reverse", 10.5, "max_acceleration 10"),
        ("angular.z.max_deceleration", 31.0, "max_deceleration 30"),
    ],
)
def test_limit_above_its_ceiling_is_refused_by_name(name, value, ceiling):
    axis = name.rpartition(".")[0]
    with pytest.raises(ParameterError) as caught:
        Settings.from_values({name: value})
    expected = f"{name} must not be above ceilings.{axis}.{ceiling} (got {value})"
    assert str(caught.value) == expected


def test_ceiling_is_read_only_and_absent_for_jerk():
    settings = Settings.from_values({"linear.x.max_jerk": 90_000.0})
    with pytest.raises(ParameterError, match=r"ceilings\.linear\.x\.max_velocity is set at start"):
        settings.changed({"ceilings.linear.x.max_velocity": 5.0})
    with pytest.raises(ParameterError, match=r"ceilings\.linear\.x\.max_jerk 5"):
        Settings.from_values({"linear.x.max_jerk": 6.0, "ceilings.linear.x.max_jerk": 5.0})
