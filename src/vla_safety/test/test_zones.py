# SPDX-License-Identifier: Apache-2.0
"""Zones ahead of the motion, with the distances at which a collision monitor is tested."""

import pytest

from vla_safety.decision import State
from vla_safety.velocity import ZERO

FAR, SLOW, APPROACH, STOP = 4.5, 3.0, 1.5, 0.5


@pytest.fixture
def rig(make_rig):
    return make_rig(
        checks=["finite", "command_timeout", "zones"],
        zones__stop_distance=1.0,
        zones__slow_distance=3.0,
        zones__slowdown_ratio=0.7,
        zones__time_before_collision=6.0,
        zones__half_width=0.5,
    )


def wall(x):
    return [(x, y / 50) for y in range(-20, 21)]


def at(rig, distance, x=0.5, z=0.1, ticks=30):
    """Drive with a wall that stays `distance` ahead."""
    for _ in range(ticks):
        rig.scan(wall(distance))
        rig.drive(x, z, ticks=1)
    return rig.decision


def test_free_slow_approach_stop_and_release(rig):
    assert at(rig, FAR).command.linear_x == 0.5
    assert rig.decision.state is State.PASSING
    decision = at(rig, SLOW)
    assert decision.command.linear_x == pytest.approx(0.35)
    assert decision.reason == "obstacle in slow zone"
    decision = at(rig, APPROACH)
    assert decision.command.linear_x == pytest.approx(1.5 / 6.0, abs=0.01)
    assert decision.reason == "obstacle in approach"
    decision = at(rig, STOP)
    assert (decision.command, decision.state) == (ZERO, State.STOPPED)
    assert decision.reason == "obstacle in stop zone"
    assert at(rig, FAR).command == (0.5, 0.0, 0.0, 0.0, 0.0, 0.1)


def test_stop_zone_lets_turn_and_drive_away(rig):
    at(rig, STOP)
    assert at(rig, STOP, x=0.0, z=1.0).command.angular_z == 1.0
    assert at(rig, STOP, x=-0.3).command.linear_x == -0.3
    assert rig.decision.state is State.PASSING


def test_zone_is_left_a_little_further_out_than_entered(rig):
    assert at(rig, 1.01).state is State.CLAMPING
    assert at(rig, 0.99).state is State.STOPPED
    assert at(rig, 1.04).state is State.STOPPED
    assert at(rig, 1.06).state is State.CLAMPING


def test_few_points_and_points_aside_are_no_obstacle(rig):
    for points in ([(0.5, 0.0)] * 2, [(0.5, 0.51)] * 10, [(-0.5, 0.0)] * 10):
        for _ in range(10):
            rig.scan(points)
            rig.drive(x=0.3, ticks=1)
        assert rig.decision.state is State.PASSING


def test_silent_scanner_stops(rig):
    at(rig, FAR)
    assert rig.drive(x=0.5, ticks=40).reason == "no scan"


def test_zone_of_zero_is_none(make_rig):
    rig = make_rig(
        checks=["finite", "command_timeout", "zones"],
        zones__stop_distance=0.0,
        zones__slow_distance=0.0,
        zones__time_before_collision=0.0,
    )
    assert at(rig, 0.2).state is State.PASSING


def test_avoid_turns_out_of_the_stop_zone_and_hands_back(make_rig):
    rig = make_rig(checks=["finite", "command_timeout", "zones"], fallbacks__zones="avoid")
    for _ in range(20):
        rig.scan(wall(0.29))
        decision = rig.drive(x=0.3, ticks=1)
    assert decision.state is State.STOPPED
    assert decision.command.linear_x == 0.0
    assert decision.command.angular_z == 0.6
    for _ in range(10):
        rig.scan(wall(3.0))
        decision = rig.drive(x=0.3, ticks=1)
    assert decision.state is State.PASSING
