# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from vla_safety.decision import State
from vla_safety.errors import ParameterError
from vla_safety.velocity import ZERO

MS = 1_000_000
SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def test_starts_disarmed_and_commands_zero(make_rig):
    rig = make_rig(armed=False)
    decision = rig.drive(x=0.5, ticks=10)
    assert decision.state is State.DISARMED
    assert decision.reason == "disarmed"
    assert decision.command == ZERO


def test_armed_without_a_command_waits_at_zero(rig):
    decision = rig.tick()
    assert (decision.state, decision.reason) == (State.WAITING, "waiting for a command")
    assert decision.command == ZERO


def test_first_command_after_arming_passes_at_once(rig):
    rig.send(x=0.04)
    assert rig.tick().command.linear_x == 0.04


def test_fresh_command_within_limits_passes_unchanged(rig):
    rig.drive(x=0.31, z=-0.77)
    decision = rig.drive(x=0.31, z=-0.77, ticks=1)
    assert (decision.state, decision.reason) == (State.PASSING, "passing")
    assert (decision.command.linear_x, decision.command.angular_z) == (0.31, -0.77)
    assert decision.interventions == ()
    assert not decision.ramping


def test_start_is_ramped_without_an_intervention(rig):
    rig.send(x=0.5)
    decision = rig.tick()
    assert decision.command.linear_x == pytest.approx(2.5 * 0.02)
    assert decision.state is State.PASSING
    assert decision.ramping
    assert decision.interventions == ()


def test_too_fast_command_is_clamped_and_reported(rig):
    decision = rig.drive(x=0.9)
    assert decision.command.linear_x == 0.6
    assert (decision.state, decision.reason) == (State.CLAMPING, "clamping")
    assert decision.interventions[0].check == "velocity_limit"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_not_finite_is_zero_within_one_tick(rig, bad):
    rig.drive(x=0.5)
    rig.send(x=bad)
    decision = rig.tick()
    assert decision.command == ZERO
    assert (decision.state, decision.reason) == (State.STOPPED, "not finite")


def test_not_finite_counts_although_a_good_command_follows_before_the_tick(rig):
    rig.drive(x=0.5)
    rig.send(x=math.nan)
    rig.send(x=0.5)
    assert rig.tick().command == ZERO
    rig.send(x=0.5)
    assert rig.tick().state is State.PASSING


def test_not_finite_in_an_unused_axis_stops_too(rig):
    rig.drive(x=0.5)
    rig.send(x=0.5, linear_z=math.nan)
    assert rig.tick().command == ZERO


def test_stream_of_not_finite_does_not_refresh_the_watchdog(make_rig):
    rig = make_rig(faults_to_latch=1000)
    rig.drive(x=0.5)
    rig.drive(x=math.nan, ticks=20)
    rig.send(x=0.5)  # one is not enough after a silence of good commands
    assert rig.tick().state is State.STOPPED


def test_good_command_ends_a_short_stop_for_not_finite(rig):
    rig.drive(x=0.5)
    rig.drive(x=math.nan, ticks=2)
    decision = rig.drive(x=0.5, ticks=1)
    assert decision.state is State.PASSING
    assert decision.command.linear_x == pytest.approx(0.05)


def test_robot_stands_in_time_after_the_source_has_gone(rig):
    assert rig.drive(x=0.5).command.linear_x == 0.5
    last_ns = rig.steady - 20 * MS
    while rig.tick().command != ZERO:
        assert rig.steady - last_ns <= (0.2 + 0.2 + 0.04) * SECOND
    assert (rig.decision.state, rig.decision.reason) == (State.STOPPED, "command timeout")


def test_slowing_begins_soon_after_the_last_command(rig):
    rig.drive(x=0.5)
    last_ns = rig.steady - 20 * MS
    while rig.tick().command.linear_x == 0.5:
        pass
    assert rig.steady - last_ns <= 0.29 * SECOND


def test_distance_after_the_last_command_is_short(rig):
    rig.drive(x=0.5)
    travelled = sum(decision.command.linear_x * 0.02 for decision in rig.silence(50))
    assert travelled <= 0.195


def test_resumes_after_silence_only_with_three_fresh_commands_in_a_row(rig):
    rig.drive(x=0.5)
    rig.silence(30)
    states = [rig.drive(x=0.5, ticks=1).state for _ in range(3)]
    assert states == [State.STOPPED, State.STOPPED, State.PASSING]


def test_number_of_fresh_commands_is_a_parameter(make_rig):
    rig = make_rig(fresh_commands_to_resume=1)
    rig.drive(x=0.5)
    rig.silence(30)
    assert rig.drive(x=0.5, ticks=1).state is State.PASSING


def test_refused_command_starts_the_count_anew(rig):
    rig.drive(x=0.5)
    rig.silence(30)
    rig.drive(x=0.5, ticks=2)
    rig.send(x=0.5, age_ns=SECOND)
    rig.tick()
    assert rig.drive(x=0.5, ticks=2).state is State.STOPPED
    assert rig.drive(x=0.5, ticks=1).state is State.PASSING


def test_gap_that_no_tick_saw_still_needs_fresh_commands(rig):
    rig.drive(x=0.5)
    rig.wait(SECOND)
    rig.send(x=0.5)
    assert rig.tick().state is State.STOPPED


def test_backlog_of_a_source_that_was_suspended_is_refused(rig):
    rig.drive(x=0.5)
    rig.silence(150)  # 3 s
    for age_ms in range(3000, 600, -100):
        rig.send(x=0.5, age_ns=age_ms * MS)
        decision = rig.tick(MS)
        assert decision.command == ZERO
        assert decision.reason == "observation too old"
    assert rig.drive(x=0.5, ticks=2).command == ZERO
    assert rig.drive(x=0.5, ticks=1).state is State.PASSING


def test_command_in_force_that_grows_too_old_stops_although_commands_keep_coming(rig):
    rig.drive(x=0.5)
    stamp = rig.clock
    while rig.clock + 20 * MS - stamp <= 500 * MS:
        assert rig.drive(x=0.5, ticks=1, age_ns=rig.clock - stamp).state is State.PASSING
    rig.send(x=0.5, age_ns=rig.clock - stamp)
    assert rig.tick().reason == "observation too old"


def test_stamp_too_far_in_the_future_is_refused(rig):
    assert rig.drive(x=0.5, ticks=5, age_ns=-99 * MS).state is State.PASSING
    decision = rig.drive(x=0.5, ticks=1, age_ns=-150 * MS)
    assert decision.reason == "stamp in the future"
    assert decision.state is State.STOPPED


@pytest.mark.parametrize("jump_ns", [HOUR, -HOUR])
def test_clock_jump_stops_and_then_fresh_commands_pass_again(rig, jump_ns):
    rig.drive(x=0.5)
    rig.clock += jump_ns
    assert rig.tick().state is State.STOPPED
    assert rig.drive(x=0.5, ticks=3).state is State.PASSING


def test_paused_clock_delays_no_timeout(rig):
    rig.drive(x=0.5)
    paused = rig.clock
    for _ in range(25):
        rig.clock = paused - 20 * MS
        rig.tick()
    assert rig.decision.reason == "command timeout"
    assert rig.decision.command == ZERO


def test_stop_for_not_finite_is_called_so_only_while_it_is_news(rig):
    rig.drive(x=0.5)
    rig.send(x=math.nan)
    assert rig.tick().reason == "not finite"
    rig.silence(30)
    assert rig.decision.reason == "command timeout"


def test_not_finite_decides_before_another_refusal_of_the_same_tick(rig):
    rig.drive(x=0.5)
    rig.send(x=0.5, age_ns=SECOND)
    rig.send(x=math.nan)
    assert rig.tick().command == ZERO


def test_e_stop_is_zero_at_the_next_tick_and_stays_latched(rig):
    rig.drive(x=0.5)
    rig.gate.press_e_stop(True, rig.steady)
    decision = rig.drive(x=0.5, ticks=1)
    assert decision.command == ZERO
    assert (decision.state, decision.reason) == (State.LATCHED, "e-stop latched")
    rig.gate.press_e_stop(False, rig.steady)
    assert rig.drive(x=0.5, ticks=50).command == ZERO


def test_e_stop_latches_while_disarmed_too(make_rig):
    rig = make_rig(armed=False)
    rig.gate.estop.latch("test")
    assert rig.tick().reason == "e-stop latched"
    assert not rig.gate.arm(True).granted


@pytest.mark.parametrize("x", [0.5, math.nan])
def test_e_stop_is_not_reset_while_the_source_wants_to_move(rig, x):
    rig.gate.estop.latch("test")
    rig.drive(x=x, ticks=1)
    answer = rig.reset()
    assert not answer.granted
    assert "the incoming command is not zero" in answer.sentence
    assert rig.tick().state is State.LATCHED


@pytest.mark.parametrize("refused_ns", [0, SECOND])
def test_e_stop_reset_looks_at_refused_commands_too(rig, refused_ns):
    rig.gate.estop.latch("test")
    rig.drive(x=0.5, ticks=1, age_ns=refused_ns)
    assert not rig.reset().granted


def test_e_stop_is_reset_when_the_source_is_silent_or_sends_zero(rig):
    rig.drive(x=0.5)
    rig.gate.estop.latch("test")
    rig.silence(20)
    assert rig.reset().granted
    rig.gate.estop.latch("test")
    rig.drive(x=0.0, ticks=3)
    assert rig.reset().granted
    assert rig.drive(x=0.2, ticks=10).command.linear_x == 0.2


def test_disarming_ramps_down_and_keeps_zero(rig):
    rig.drive(x=0.5)
    assert rig.gate.arm(False).granted
    path = [rig.drive(x=0.5, ticks=1).command.linear_x for _ in range(12)]
    assert path[0] == pytest.approx(0.45)
    assert path[9:] == pytest.approx([0.0, 0.0, 0.0])


def test_after_a_long_pause_the_command_moves_two_periods_at_most(rig):
    rig.drive(x=0.5)
    rig.wait(10 * SECOND)
    assert rig.tick().command.linear_x == pytest.approx(0.5 - 2.5 * 0.04)


def test_steady_clock_that_runs_backward_changes_nothing(rig):
    rig.drive(x=0.3, ticks=4)
    before = rig.decision.command
    rig.send(x=-0.5)
    rig.steady -= 30 * MS
    assert rig.gate.tick(rig.steady, rig.clock).command == before


def test_fallback_policy_of_each_reason_is_a_parameter(make_rig):
    rig = make_rig(fallbacks__command_timeout="brake", fallbacks__e_stop="stop")
    rig.drive(x=0.5)
    rig.wait(240 * MS)
    assert rig.tick().command == ZERO
    rig.drive(x=0.5)
    rig.gate.estop.latch("test")
    assert rig.tick().command.linear_x == pytest.approx(0.45)


def test_tightening_while_armed_is_taken(rig):
    rig.drive(x=0.5)
    rig.gate.configure(rig.gate.settings.changed({"linear.x.max_velocity": 0.2}))
    assert rig.drive(x=0.5).command.linear_x == 0.2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("linear.x.max_velocity", 0.7),
        ("linear.x.max_deceleration", 5.0),
        ("cmd_vel_timeout", 0.5),
        ("observation_age.max_age", 1.0),
        ("fresh_commands_to_resume", 1),
    ],
)
def test_loosening_needs_it_disarmed(rig, name, value):
    looser = rig.gate.settings.changed({name: value})
    with pytest.raises(ParameterError, match=f"{name}.*disarm first"):
        rig.gate.configure(looser)
    assert rig.gate.settings.values[name] != value
    rig.gate.arm(False)
    rig.gate.configure(looser)
    assert rig.gate.settings.values[name] == value


def test_changed_timeout_takes_effect(rig):
    rig.gate.configure(rig.gate.settings.changed({"cmd_vel_timeout": 0.1}))
    rig.drive(x=0.5)
    assert rig.silence(6)[-1].reason == "command timeout"
