# SPDX-License-Identifier: Apache-2.0
"""Comfort shapes what a source wants, and never lengthens a stop."""

import math

import pytest

from vla_safety.axis_limits import AxisLimits
from vla_safety.limits import Limits
from vla_safety.ramp import Ramp
from vla_safety.velocity import ZERO, Velocity

DT = 0.02
JERK = {"max_jerk": 10.0}


def limits(preserve_curvature=False, **jerk):
    return Limits(
        (
            AxisLimits("linear.x", 1.0, max_acceleration=2.0, **jerk),
            AxisLimits("angular.z", 2.0, max_acceleration=4.0),
        ),
        preserve_curvature,
    )


def driven(limits, x, z=0.0, ticks=100):
    ramp = Ramp()
    for _ in range(ticks):
        ramp.follow(Velocity(linear_x=x, angular_z=z), DT, limits)
    return ramp


def test_source_that_ramps_smoothly_by_itself_is_taken_at_its_word():
    ramp, x, rate = Ramp(), 0.0, 0.0
    for tick in range(80):
        rate = min(rate + 0.19, 1.9) if tick < 40 else max(rate - 0.19, 0.0)
        x = min(x + rate * DT, 1.0)
        if x == 1.0:
            break
        assert ramp.follow(Velocity(linear_x=x), DT, limits(**JERK)).linear_x == x


def test_stop_does_not_wait_for_the_jerk_limit():
    smooth, plain = driven(limits(**JERK), 1.0), driven(limits(), 1.0)
    for _ in range(60):
        assert smooth.restrain(ZERO, DT, limits(**JERK)) == plain.restrain(ZERO, DT, limits())
    assert smooth.output == ZERO


def test_stop_while_speeding_up_goes_down_at_once():
    ramp = driven(limits(**JERK), 1.0, ticks=15)
    before = ramp.output.linear_x
    assert ramp.restrain(ZERO, DT, limits(**JERK)).linear_x == pytest.approx(before - 2.0 * DT)


def test_what_the_gate_leaves_is_reached_smoothly_from_below():
    ramp = Ramp()
    assert ramp.restrain(Velocity(linear_x=0.5), DT, limits(**JERK)).linear_x <= 10.0 * DT * DT


def test_halt_is_zero_at_once_and_forgets_the_acceleration():
    ramp = driven(limits(**JERK), 1.0, ticks=15)
    assert ramp.halt() == ramp.output == ZERO
    assert ramp.follow(Velocity(linear_x=1.0), DT, limits(**JERK)).linear_x <= 10.0 * DT * DT


def test_preserved_curvature_holds_all_the_way_up():
    ramp, wanted = Ramp(), Velocity(linear_x=0.9, angular_z=0.3)
    for _ in range(60):
        output = ramp.follow(wanted, DT, limits(preserve_curvature=True, **JERK))
        if output.linear_x:
            assert output.angular_z / output.linear_x == pytest.approx(1 / 3)
    assert output == wanted


def test_without_it_each_axis_goes_its_own_way():
    output = driven(limits(), 0.9, 0.3, ticks=4).output
    assert output.angular_z / output.linear_x > 0.5


def test_cut_scales_all_axes_together_where_the_curvature_is_preserved():
    bounded, findings = limits(preserve_curvature=True).bound(Velocity(2.0, angular_z=1.0))
    assert bounded == pytest.approx(Velocity(1.0, angular_z=0.5))
    assert [finding.value for finding in findings] == [2.0]
    bounded, _ = limits().bound(Velocity(2.0, angular_z=1.0))
    assert bounded == Velocity(1.0, angular_z=1.0)


@pytest.mark.parametrize("huge", [1e300, -1e300])
def test_huge_number_scales_to_numbers(huge):
    bounded, _ = limits(preserve_curvature=True).bound(Velocity(huge, angular_z=1.0))
    assert all(map(math.isfinite, bounded))
    assert abs(bounded.linear_x) == pytest.approx(1.0)


def test_slowed_is_within_the_share_and_on_the_same_arc():
    slowed = limits().slowed(Velocity(1.0, angular_z=1.0), 0.3)
    assert slowed == pytest.approx(Velocity(0.3, angular_z=0.3))
    assert limits().slowed(Velocity(0.2), 0.3) == Velocity(0.2)
    assert limits().slowed(Velocity(1.0, linear_y=5.0), 0.3) == pytest.approx(Velocity(0.3))
