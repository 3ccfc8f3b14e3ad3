# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_safety.axis_limits import AxisLimits
from vla_safety.errors import ParameterError
from vla_safety.limits import Limits
from vla_safety.velocity import ZERO, Velocity

NAN = math.nan


def after(limits, start, target, seconds, rate_hz=50):
    """Velocity after `seconds` of stepping from `start` to `target` at `rate_hz`."""
    velocity = Velocity(linear_x=start)
    for _ in range(round(seconds * rate_hz)):
        velocity = limits.step(velocity, Velocity(linear_x=target), 1.0 / rate_hz)
    return velocity.linear_x


def limits_x(max_velocity=2.0, **rates):
    return Limits((AxisLimits("linear.x", max_velocity, **rates),))


FOUR_RATES = {
    "max_acceleration": 2.0,
    "max_deceleration": 4.0,
    "max_acceleration_reverse": 8.0,
    "max_deceleration_reverse": 10.0,
}


@pytest.mark.parametrize(
    ("start", "target", "seconds"),
    [(0.0, 1.0, 0.5), (1.0, 0.0, 0.25), (0.0, -1.0, 0.125), (-1.0, 0.0, 0.1)],
)
def test_each_direction_takes_its_own_rate_and_no_less(start, target, seconds):
    limits = limits_x(**FOUR_RATES)
    assert after(limits, start, target, seconds, rate_hz=1000) == pytest.approx(target, abs=1e-9)
    early = after(limits, start, target, seconds - 0.01, rate_hz=1000)
    assert abs(early - target) > 1e-3


def test_crossing_zero_slows_down_at_one_rate_and_speeds_up_at_the_other():
    # 1 m/s to zero takes 0.25 s at 4 m/s2; the other 0.1 s make -0.8 m/s at 8 m/s2.
    step = limits_x(**FOUR_RATES).step(Velocity(linear_x=1.0), Velocity(linear_x=-2.0), 0.35)
    assert step.linear_x == pytest.approx(-0.8)


def test_slow_acceleration_and_fast_deceleration_move_as_far_as_a_velocity_smoother_does():
    limits = limits_x(max_acceleration=0.1, max_deceleration=1.0)
    assert after(limits, 0.5, 1.5, 0.05, rate_hz=20) == pytest.approx(0.505)
    assert after(limits, 1.5, 0.5, 0.05, rate_hz=20) == pytest.approx(1.45)
    assert after(limits, -0.2, 0.8, 0.05, rate_hz=20) == pytest.approx(-0.15)


def test_absent_limits_follow_their_counterparts():
    axis = AxisLimits("linear.x", 0.5, max_acceleration=1.0)
    assert axis.lowest == -0.5
    assert axis.slowing_down == axis.speeding_up_reverse == axis.slowing_down_reverse == 1.0
    assert AxisLimits("linear.x", 0.5).speeding_up == math.inf


def test_absent_acceleration_lets_velocity_jump_even_in_no_time():
    limits = limits_x()
    for start in (-1.0, 0.0, 1.0):
        assert after(limits, start, 2.0, 0.02) == 2.0
        assert limits.step(Velocity(linear_x=start), ZERO, 0.0) == ZERO


def test_zero_elapsed_time_changes_nothing():
    before = Velocity(linear_x=0.3)
    assert limits_x(**FOUR_RATES).step(before, Velocity(linear_x=-1.0), 0.0) == before


@pytest.mark.parametrize("bad", [NAN, math.inf, -math.inf, 0.0, -1.0])
@pytest.mark.parametrize("name", ["max_velocity", *FOUR_RATES])
def test_limit_that_is_no_positive_number_is_refused_by_name(name, bad):
    values = {"max_velocity": 1.0} | {name: bad}
    with pytest.raises(ParameterError, match=rf"linear\.x\.{name} must be .* > 0 .*got {bad}"):
        AxisLimits("linear.x", **values)


@pytest.mark.parametrize("bad", [NAN, -math.inf, 0.1])
def test_min_velocity_must_allow_standing_still(bad):
    with pytest.raises(ParameterError, match=r"linear\.x\.min_velocity"):
        AxisLimits("linear.x", 1.0, min_velocity=bad)


def test_forward_only_robot_never_backs():
    limits = limits_x(min_velocity=0.0, max_acceleration=1.0)
    assert after(limits, 0.2, -1.0, 2.0) == 0.0


@pytest.mark.parametrize("bad", [NAN, math.inf, -math.inf])
def test_target_that_is_not_finite_becomes_zero(bad):
    limits = limits_x(max_acceleration=1.0)
    assert limits.step(Velocity(linear_x=0.5), Velocity(linear_x=bad), 0.02) == ZERO


def test_huge_number_is_clamped():
    bounded, findings = limits_x().bound(Velocity(linear_x=1e300))
    assert bounded == Velocity(linear_x=2.0)
    assert findings[0].detail == "linear.x 1e+300 is beyond linear.x.max_velocity 2 m/s"


def test_axis_that_the_robot_lacks_stays_zero_and_is_reported():
    bounded, findings = limits_x().bound(Velocity(linear_x=1.0, linear_y=0.3))
    assert bounded == Velocity(linear_x=1.0)
    assert [finding.check for finding in findings] == ["unused_axis"]
    step = limits_x().step(ZERO, Velocity(linear_y=0.3, angular_x=1.0), 0.02)
    assert step == ZERO


def test_tightened_velocity_limit_is_reached_at_the_deceleration():
    limits = limits_x(max_velocity=0.3, max_acceleration=1.0, max_deceleration=2.0)
    path = [0.6]
    for _ in range(10):
        path.append(
            limits.step(Velocity(linear_x=path[-1]), Velocity(linear_x=0.6), 0.02).linear_x
        )
    assert path[1] == pytest.approx(0.56)
    assert path[-1] == 0.3


def test_loosened_names_exactly_what_allows_more():
    old = Limits((AxisLimits("linear.x", 1.0, max_acceleration=1.0, max_deceleration=2.0),))
    new = Limits((AxisLimits("linear.x", 0.5, max_acceleration=1.5, max_deceleration=2.0),))
    assert new.loosened(old) == ["linear.x.max_acceleration", "linear.x.max_acceleration_reverse"]
    assert old.loosened(old) == []
    no_limit = Limits((AxisLimits("linear.x", 1.0, max_deceleration=2.0),))
    assert "linear.x.max_acceleration" in no_limit.loosened(old)


RATES = st.one_of(st.none(), st.floats(0.001, 1000.0))
AXIS = st.builds(
    AxisLimits,
    axis=st.just("linear.x"),
    max_velocity=st.floats(0.001, 100.0),
    min_velocity=st.one_of(st.none(), st.floats(-100.0, 0.0)),
    max_acceleration=RATES,
    max_deceleration=RATES,
    max_acceleration_reverse=RATES,
    max_deceleration_reverse=RATES,
)


@given(AXIS, st.floats(-200.0, 200.0), st.floats(0.0, 0.04))
def test_reach_is_an_interval_of_numbers_that_leads_into_the_limits(axis, velocity, dt_s):
    low, high = axis.reach(velocity, dt_s)
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert low <= high
    assert high <= max(axis.highest, velocity)
    assert low >= min(axis.lowest, velocity)


@given(AXIS, st.data(), st.floats(0.0, 0.04))
def test_reach_contains_the_present_velocity_when_it_is_within_the_limits(axis, data, dt_s):
    velocity = data.draw(st.floats(axis.lowest, axis.highest))
    low, high = axis.reach(velocity, dt_s)
    assert low <= velocity <= high
