# SPDX-License-Identifier: Apache-2.0
"""What betrays a policy that has lost its way, within the gate."""

import math

import pytest

from vla_safety.decision import State
from vla_safety.velocity import ZERO

CHECKS = ["finite", "command_timeout"]


@pytest.mark.parametrize("x", [math.nan, math.inf, 1e300, -3.01])
def test_three_faults_within_a_second_latch(rig, x):
    rig.drive(x=0.3)
    for _ in range(2):
        rig.send(x=x)
        rig.tick()
        rig.drive(x=0.3, ticks=5)
        assert rig.decision.state is not State.LATCHED
    rig.send(x=x)
    decision = rig.tick()
    assert (decision.state, decision.command) == (State.LATCHED, ZERO)
    assert "too many faults" in rig.gate.estop.cause


def test_faults_that_are_rare_do_not_latch(rig):
    for _ in range(5):
        rig.send(x=math.nan)
        rig.tick()
        rig.drive(x=0.3, ticks=30)
    assert rig.decision.state is State.PASSING


def test_faults_of_both_kinds_are_counted_together(rig):
    for x in (math.nan, 9.0, math.nan):
        rig.send(x=x)
        rig.tick()
    assert rig.decision.state is State.LATCHED


def test_number_far_out_of_bounds_is_clamped_and_told(rig):
    rig.drive(x=0.5)
    rig.send(x=1e300)
    decision = rig.tick()
    assert decision.command.linear_x <= 0.6
    assert decision.state is State.CLAMPING
    found = {finding.check for finding in decision.interventions}
    assert found == {"bounds", "velocity_limit"}


def test_number_out_of_bounds_is_no_fault_within_the_factor(rig):
    assert rig.drive(x=2.9, ticks=10).state is State.CLAMPING


def zigzag(rig, swing, ticks=100, period=4, middle=0.0):
    """Turn left and right, each for half of `period` ticks; the states that were seen."""
    states = []
    for tick in range(ticks):
        side = 1.0 if tick % period < period // 2 else -1.0
        rig.send(x=0.2, z=middle + side * swing)
        states.append(rig.tick().state)
    return states


def test_policy_that_swings_to_and_fro_is_slowed(rig):
    states = zigzag(rig, 0.5)
    assert State.SLOWING in states
    assert rig.decision.reason == "oscillation"
    assert rig.drive(x=0.2, ticks=60).state is State.PASSING


@pytest.mark.parametrize(
    ("swing", "period", "middle"), [(0.1, 4, 0.0), (0.5, 40, 0.0), (0.4, 4, 0.5)]
)
def test_small_slow_or_one_sided_swings_are_no_oscillation(rig, swing, period, middle):
    assert State.SLOWING not in zigzag(rig, swing, period=period, middle=middle)


def test_jumps_as_at_bad_chunk_boundaries_are_oscillation_too(rig):
    for tick in range(50):
        rig.drive(x=0.0, z=1.5 if tick % 4 == 0 else -0.1, ticks=1)
    assert rig.decision.state is State.SLOWING


def test_actions_as_in_training_pass_and_larger_ones_are_slowed(make_rig):
    rig = make_rig(
        checks=[*CHECKS, "action_drift"], action_drift__mean=0.4, action_drift__deviation=0.1
    )
    for x in (0.24, 0.18, 0.3) * 100:
        rig.drive(x=x, ticks=1)
    assert rig.decision.state is State.PASSING
    assert rig.gate.reports()["action_drift"] == "0.000"
    states = [rig.drive(x=0.5, ticks=1).state for _ in range(100)]
    # norm 0.833 is 4.33 deviations off: 3.33 beyond the slack fill 3.0 in 0.9 s
    assert states.index(State.SLOWING) * 0.02 == pytest.approx(0.9, abs=0.06)
    states = [rig.drive(x=0.0, ticks=1).state for _ in range(300)]
    assert rig.decision.reason == "action drift"
    assert "smaller" in rig.decision.interventions[0].detail


def test_without_statistics_action_drift_rests(make_rig):
    rig = make_rig(checks=[*CHECKS, "action_drift"])
    assert rig.drive(x=0.6, ticks=500).state is State.PASSING
    assert rig.gate.reports()["action_drift"] == "no statistics"


def test_policy_that_pushes_against_its_limits_is_slowed(make_rig):
    rig = make_rig(checks=[*CHECKS, "saturation"])
    states = [rig.drive(x=0.6, ticks=1).state for _ in range(400)]
    # 1 - exp(-t / 3) reaches 0.8 after 4.8 s
    assert states.index(State.SLOWING) * 0.02 == pytest.approx(4.83, abs=0.1)
    assert rig.drive(x=0.5, ticks=50).state is State.PASSING


def test_uncertainty_slows_and_then_stops(rig):
    seen = []
    for value in (0.5, 0.51, 0.8, 0.81, math.nan, 0.0):
        rig.gate.senses.take_uncertainty(value, rig.steady)
        seen.append(rig.drive(x=0.5, ticks=4).state)
    slow, stop = State.SLOWING, State.STOPPED
    assert seen == [State.PASSING, slow, slow, stop, stop, State.PASSING]


def test_policy_that_stops_telling_its_uncertainty_is_slowed(rig):
    rig.gate.senses.take_uncertainty(0.1, rig.steady)
    assert rig.drive(x=0.5, ticks=50).state is State.PASSING
    assert rig.drive(x=0.5, ticks=5).state is State.SLOWING
