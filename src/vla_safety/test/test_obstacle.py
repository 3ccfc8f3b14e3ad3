# SPDX-License-Identifier: Apache-2.0
"""The obstacle check within the gate."""

import math

import pytest

from vla_safety.decision import State
from vla_safety.errors import ParameterError
from vla_safety.velocity import ZERO

MS = 1_000_000
WALL = [(0.24, y / 100) for y in range(-100, 101)]  # touches the margin


def mirrored(points):
    return [(-x, y) for x, y in points]


def shifted(points, by):
    return [(x + by, y) for x, y in points]


def scanned(rig, points, x=0.0, z=0.0, ticks=50):
    """Drive with the same scan at every tick, as if the wall moved along."""
    for _ in range(ticks):
        rig.scan(points)
        rig.drive(x, z, ticks=1)
    return rig.decision


def test_without_any_scan_it_does_nothing_and_says_so(rig):
    decision = rig.drive(x=0.5)
    assert (decision.state, decision.command.linear_x) == (State.PASSING, 0.5)
    assert rig.gate.reports() == {"scan": "none yet"}


def test_wall_ahead_holds_the_robot_and_says_why(rig):
    decision = scanned(rig, WALL, x=0.5, z=0.7)
    assert (decision.state, decision.reason) == (State.CLAMPING, "obstacle ahead")
    assert (decision.command.linear_x, decision.command.angular_z) == (0.0, 0.7)
    finding = decision.interventions[0]
    assert (finding.check, finding.value, finding.limit) == ("obstacle", 0.5, 0.0)
    assert rig.gate.reports() == {"scan": "current"}


def test_wall_behind_holds_a_robot_that_backs_up(rig):
    decision = scanned(rig, mirrored(WALL), x=-0.5)
    assert (decision.command, decision.reason) == (ZERO, "obstacle behind")


def test_driving_away_is_free_although_the_wall_touches(rig):
    touching = shifted(WALL, -0.06)
    assert scanned(rig, touching, x=-0.5).command.linear_x == -0.5
    assert rig.decision.state is State.PASSING
    assert scanned(rig, mirrored(touching), x=0.5, ticks=60).command.linear_x == 0.5


def test_turning_is_free_however_narrow_it_is(rig):
    ring = [(0.18 * math.cos(a / 10), 0.18 * math.sin(a / 10)) for a in range(63)]
    decision = scanned(rig, ring, z=1.5)
    assert (decision.state, decision.command.angular_z) == (State.PASSING, 1.5)


def test_speed_is_what_stops_in_time(rig):
    decision = scanned(rig, shifted(WALL, 0.1), x=0.6)
    # 0.1 m and one tick of reckoning: v * (0.1 + 0.02) + v^2 / 2
    assert decision.command.linear_x == pytest.approx(math.sqrt(0.12**2 + 0.2) - 0.12, abs=0.01)


def test_least_deceleration_of_the_limits_counts(make_rig):
    slow = make_rig(linear__x__max_deceleration=0.1)
    decision = scanned(slow, shifted(WALL, 0.1), x=0.6)
    assert decision.command.linear_x == pytest.approx(math.sqrt(0.02), abs=0.02)


@pytest.mark.parametrize("gap", [0.06, 0.031])
def test_passing_by_is_not_hindered(rig, gap):
    side = [(x / 100, 0.18 + gap) for x in range(-300, 301)]
    decision = scanned(rig, side, x=0.5)
    assert (decision.state, decision.command.linear_x) == (State.PASSING, 0.5)


def test_robot_may_drive_up_to_things(rig):
    assert scanned(rig, shifted(WALL, 0.26), x=0.6).state is State.PASSING  # a gap of 0.32 m
    assert scanned(rig, shifted(WALL, 0.14), x=0.35).state is State.PASSING  # of 0.2 m


def test_points_come_nearer_while_no_new_scan_comes(rig):
    rig.scan(shifted(WALL, 0.3))
    rig.drive(x=0.5, ticks=12)  # 0.24 s
    rig.scan(shifted(WALL, 0.3))
    first = rig.drive(x=0.6, ticks=1).command.linear_x
    last = rig.drive(x=0.6, ticks=20).command.linear_x
    assert last < first - 0.1


def test_turn_since_the_scan_is_reckoned_with(rig):
    rig.scan([(0.0, 0.25)])
    rig.drive(z=1.5, ticks=20)  # to about half a radian
    rig.scan([(0.0, 0.25)])
    decision = rig.drive(z=1.5, ticks=10)
    assert decision.state is State.PASSING
    rig.drive(z=1.5, ticks=12)
    assert rig.drive(x=0.3, z=1.5, ticks=3).reason == "obstacle ahead"


def test_scan_that_was_old_on_arrival_counts_as_old(rig):
    rig.drive(x=0.5)
    rig.scan(shifted(WALL, 0.15))
    young = rig.drive(x=0.5, ticks=1).interventions[0].limit
    rig.scan(shifted(WALL, 0.15), age_ns=100 * MS)
    assert rig.drive(x=0.5, ticks=1).interventions[0].limit < young - 0.05


def test_silent_scanner_stops_linear_motion_and_lets_turn(rig):
    rig.scan([])
    assert rig.drive(x=0.5, z=0.5, ticks=25).state is State.PASSING
    decision = rig.drive(x=0.5, z=0.5, ticks=25)
    assert (decision.state, decision.reason) == (State.CLAMPING, "no scan")
    assert (decision.command.linear_x, decision.command.angular_z) == (0.0, 0.5)
    assert rig.gate.reports() == {"scan": "none for 0.5 s"}
    rig.scan([])
    assert rig.drive(x=0.5, ticks=1).command.linear_x == pytest.approx(0.05)


def test_clock_jump_makes_no_scan_older_than_the_timeout(rig):
    rig.clock += 3600 * 1000 * MS
    rig.scan([(1.0, 0.0)], age_ns=7200 * 1000 * MS)
    assert rig.drive(x=0.5).command.linear_x < 0.5
    rig.scan([(3.0, 0.0)], age_ns=-3600 * 1000 * MS)
    assert rig.drive(x=0.3, ticks=20).state is State.PASSING


def test_place_and_direction_of_the_scanner(make_rig):
    rig = make_rig(scan__x=0.1, scan__yaw=math.pi)
    assert scanned(rig, [(-0.14, 0.0)], x=0.5).command == ZERO
    assert scanned(rig, [(0.5, 0.0)], x=0.5).state is State.PASSING


def test_robot_that_moves_sideways_is_held_beside(make_rig):
    rig = make_rig(axes=["linear.x", "linear.y", "angular.z"])
    side = [(y, x) for x, y in WALL]
    for _ in range(20):
        rig.scan(side)
        rig.drive(linear_y=0.5, ticks=1)
    assert (rig.decision.command, rig.decision.reason) == (ZERO, "obstacle beside")


def test_fallback_policies_are_held_too_and_may_always_slow_down(rig):
    rig.drive(x=0.5)
    rig.scan(shifted(WALL, -0.05))
    speeds = [decision.command.linear_x for decision in rig.silence(25)]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[-1] == 0.0


def test_gate_without_the_check_drives_on(make_rig):
    rig = make_rig(checks=["finite", "command_timeout"])
    assert scanned(rig, WALL, x=0.5).command.linear_x == 0.5


@pytest.mark.parametrize(
    ("name", "value"), [("obstacle.margin", 0.01), ("obstacle.deceleration", 2.0)]
)
def test_loosening_needs_it_disarmed(rig, name, value):
    with pytest.raises(ParameterError, match="disarm first"):
        rig.gate.configure(rig.gate.settings.changed({name: value}))
