# SPDX-License-Identifier: Apache-2.0
"""Defects that other gates are known for, and numbers that they are tested with.

The numbers are facts from the tests of nav2_velocity_smoother and diff_drive_controller.
"""

import math

import pytest

from vla_safety.axis_limits import AxisLimits
from vla_safety.decision import State
from vla_safety.errors import ParameterError
from vla_safety.limits import Limits
from vla_safety.velocity import ZERO, Velocity

MS = 1_000_000
SECOND = 1_000_000_000
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("before", "wanted", "eta"), [(0.5, 1.5, 0.005), (1.5, 0.5, 0.05), (-0.2, 0.8, 0.05)]
)
def test_share_of_the_way_is_that_of_the_velocity_smoother(before, wanted, eta):
    axis = AxisLimits("linear.x", 2.0, max_acceleration=0.1, max_deceleration=1.0)
    share = Limits((axis,)).share(Velocity(before), Velocity(wanted), 1 / 20)
    assert share == pytest.approx(eta)


@pytest.mark.parametrize(
    ("start", "target", "seconds"),
    [(0.0, 1.0, 0.5), (1.0, 0.0, 0.25), (0.0, -1.0, 0.125), (-1.0, 0.0, 0.1)],
)
def test_four_rates_take_the_times_of_the_diff_drive_controller(start, target, seconds):
    axis = AxisLimits("linear.x", 2.0, None, 2.0, 4.0, 8.0, 10.0)
    limits, velocity, ticks = Limits((axis,)), Velocity(start), 0
    while velocity.linear_x != pytest.approx(target, abs=1e-9):
        velocity = limits.step(velocity, Velocity(target), 0.001)
        ticks += 1
    assert ticks == round(seconds * 1000)


def test_nan_in_never_gives_nan_out(rig):
    rig.drive(x=0.5)
    for _ in range(20):
        rig.send(x=math.nan, z=math.nan)
        assert rig.tick().command == ZERO


@pytest.mark.parametrize("back_ms", [1, 20, 3_600_000])
def test_time_that_runs_backward_does_not_turn_the_command_round(rig, back_ms):
    rig.drive(x=0.3, ticks=4)
    before = rig.decision.command.linear_x
    rig.send(x=0.5)
    rig.steady -= back_ms * MS
    assert rig.gate.tick(rig.steady, rig.clock).command.linear_x == before


@pytest.mark.parametrize("name", ["linear.x.max_velocity", "linear.x.max_acceleration"])
def test_limit_cannot_be_lost_to_nan(rig, name):
    with pytest.raises(ParameterError, match=name):
        rig.gate.configure(rig.gate.settings.changed({name: math.nan}))
    assert rig.drive(x=100.0, ticks=1).command.linear_x == pytest.approx(0.05)


def test_clamp_between_nan_and_nan_cannot_be_built():
    with pytest.raises(ParameterError):
        AxisLimits("linear.x", math.nan, min_velocity=math.nan)


def test_stamp_in_the_future_does_not_delay_the_timeout(make_rig):
    rig = make_rig(observation_age__max_ahead=10.0)
    rig.drive(x=0.5, age_ns=-9 * SECOND)
    assert rig.silence(14)[-1].reason == "command timeout"
    strict = make_rig()
    strict.drive(x=0.5)
    strict.drive(x=0.5, age_ns=-HOUR, ticks=14)
    assert strict.decision.state is State.STOPPED


def test_e_stop_whose_publisher_died_stays_closed(rig):
    rig.gate.press_e_stop(True, rig.steady)
    rig.silence(3000)  # a minute of nothing
    assert not rig.reset().granted
    assert rig.drive(x=0.5).command == ZERO


def test_e_stop_whose_publisher_died_while_free_closes_with_a_heartbeat(make_rig):
    rig = make_rig(armed=False, e_stop__heartbeat=True)
    rig.gate.press_e_stop(False, rig.steady)
    assert rig.gate.arm(True).granted
    for _ in range(100):
        rig.gate.press_e_stop(False, rig.steady)
        rig.drive(x=0.5, ticks=1)
    assert rig.decision.state is State.PASSING
    decision = rig.drive(x=0.5, ticks=30)
    assert (decision.state, decision.command) == (State.LATCHED, ZERO)


def test_lost_source_is_zero_and_not_silence(rig):
    rig.drive(x=0.5)
    decisions = rig.silence(500)
    assert len(decisions) == 500
    assert decisions[-1].command == ZERO
