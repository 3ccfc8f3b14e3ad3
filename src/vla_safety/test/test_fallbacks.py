# SPDX-License-Identifier: Apache-2.0
"""The fallback policies, each driving through the gate."""

import math

import numpy as np
import pytest

from vla_safety.clearance import Body
from vla_safety.velocity import ZERO

CHECKS = ["finite", "command_timeout"]
ALL_ROUND = np.linspace(-np.pi, np.pi, 361)


@pytest.fixture
def make(make_rig):
    def make(fallback, **values):
        return make_rig(checks=CHECKS, fallbacks__command_timeout=fallback, **values)

    return make


def silence(rig, ticks, points=None, bearings=None):
    """The commands of `ticks` ticks without a source, with a scan at each if there are points."""
    commands = []
    for _ in range(ticks):
        if points is not None:
            rig.scan(points, bearings=bearings)
        commands.append(rig.tick().command)
    return commands


def test_stop_ramps_within_the_limits(make):
    rig = make("stop")
    rig.drive(x=0.5)
    speeds = [command.linear_x for command in silence(rig, 30)]
    falls = -np.diff(speeds)
    assert falls.max() == pytest.approx(0.05)
    assert speeds[-1] == 0.0


def test_brake_is_zero_at_once(make):
    rig = make("brake")
    rig.drive(x=0.5, z=1.0)
    commands = silence(rig, 12)
    assert commands[8].linear_x == 0.5
    assert commands[9] == commands[10] == ZERO


def test_hold_goes_on_briefly_and_then_stops(make):
    rig = make("hold", hold__duration=0.2)
    rig.drive(x=0.5)
    speeds = [command.linear_x for command in silence(rig, 40)]
    assert speeds[:19] == [0.5] * 19  # 0.2 s of timeout and 0.2 s of hold
    assert speeds[19] < 0.5
    assert speeds[-1] == 0.0


def test_hold_begins_anew_each_time(make):
    rig = make("hold")
    for _ in range(2):
        rig.drive(x=0.5)
        assert [c.linear_x for c in silence(rig, 19)] == [0.5] * 19
        silence(rig, 30)


def along(commands):
    """The pose (x, y, yaw) after ideal motion."""
    x = y = yaw = 0.0
    for command in commands:
        yaw += command.angular_z * 0.01
        x += command.linear_x * 0.02 * math.cos(yaw)
        y += command.linear_x * 0.02 * math.sin(yaw)
        yaw += command.angular_z * 0.01
    return x, y, yaw


def test_retreat_goes_back_along_the_way_it_came(make):
    rig = make("retreat", retreat__distance=0.3)
    rig.scan([])
    way = [rig.drive(x=0.4, z=0.6, ticks=1).command for _ in range(60)]
    way += silence(rig, 18, [])  # until it stands
    back = silence(rig, 300, [])
    x, y, _ = along(back)
    assert math.hypot(x, y) == pytest.approx(0.3, abs=0.03)
    assert back[-1] == ZERO
    assert min(command.linear_x for command in back) >= -0.15 - 1e-9
    # The pose at the end lies on the way that it came.
    end = along(way + back)
    poses = np.array([along(way[:n]) for n in range(len(way))])
    assert np.abs(poses - end).max(axis=1).min() < 0.03


@pytest.mark.parametrize(
    "points", [[(-0.3, 0.0)], [(-0.2, 0.1)], [(-0.32, y / 10) for y in range(-10, 11)]]
)
def test_retreat_stays_where_something_is_behind(make, points):
    rig = make("retreat")
    rig.scan(points)
    rig.drive(x=0.4, ticks=30)
    commands = silence(rig, 200, points)
    assert min(command.linear_x for command in commands) == 0.0
    assert commands[-1] == ZERO


def test_retreat_stays_where_the_scanner_does_not_look(make):
    rig = make("retreat")
    front = np.linspace(-2.0, 2.0, 200)
    for points, bearings in ((None, None), ([(2.0, 0.0)], front)):
        rig.drive(x=0.4, ticks=30)
        assert min(c.linear_x for c in silence(rig, 200, points, bearings)) == 0.0


def test_retreat_does_not_go_beyond_a_turn_on_the_spot(make):
    rig = make("retreat", retreat__distance=1.0)
    rig.scan([])
    rig.drive(z=1.0, ticks=50)
    rig.drive(z=0.0, ticks=20)
    way = along([rig.drive(x=0.3, ticks=1).command for _ in range(20)] + silence(rig, 18, []))
    back = along(silence(rig, 400, []))
    assert -back[0] == pytest.approx(way[0], abs=0.02)


def box(ahead, left, right, behind=2.0):
    """Points all round a rectangle."""
    along_x = np.linspace(-behind, ahead, 60)
    along_y = np.linspace(-right, left, 60)
    sides = [[(x, left) for x in along_x], [(x, -right) for x in along_x]]
    ends = [[(ahead, y) for y in along_y], [(-behind, y) for y in along_y]]
    return [point for side in sides + ends for point in side]


@pytest.mark.parametrize(("left", "right", "sign"), [(2.0, 0.4, 1.0), (0.4, 2.0, -1.0)])
def test_avoid_turns_to_the_free_side_until_the_way_is_free(make, left, right, sign):
    rig = make("avoid")
    rig.drive(ticks=1)
    points, yaw = np.array(box(0.5, left, right)), 0.0
    commands = []
    for _ in range(400):
        cosine, sine = math.cos(-yaw), math.sin(-yaw)
        turned = points @ np.array([[cosine, sine], [-sine, cosine]])
        rig.scan(turned)
        commands.append(rig.tick().command)
        yaw += commands[-1].angular_z * 0.02
    assert all(command.linear_x == 0.0 for command in commands)
    assert all(command.angular_z * sign >= 0.0 for command in commands)
    assert 0.5 < yaw * sign < 2.0
    assert commands[-1] == ZERO
    body = Body(0.18, 0.0, 0.03)
    assert body.free_distance(turned, 0.0) >= 0.75


def test_robot_that_was_only_armed_does_not_set_itself_in_motion(make):
    rig = make("avoid")
    assert set(silence(rig, 20, [(0.3, 0.0)])) == {ZERO}


def test_avoid_stands_where_it_is_free_or_nobody_sees(make):
    rig = make("avoid")
    rig.drive(ticks=1)
    assert set(silence(rig, 30)) == {ZERO}
    assert set(silence(rig, 30, [(2.0, 0.0)])) == {ZERO}
