# SPDX-License-Identifier: Apache-2.0
"""A camera that shows nothing new, within the gate."""

import pytest

from vla_safety.decision import State
from vla_safety.velocity import ZERO


@pytest.fixture
def rig(make_rig):
    return make_rig(checks=["finite", "command_timeout", "frozen_camera"])


def first(states, state):
    """When `state` was first seen [s]."""
    return (states.index(state) + 1) * 0.02


def drive(rig, seconds, digest=None, stamp_ns=None, x=0.5, moves=True):
    """Drive with an image at every other tick; the states that were seen, in their order.

    A `digest` or `stamp_ns` of None is a new one for each image.
    """
    states = []
    for tick in range(round(seconds * 50)):
        if tick % 2 == 0:
            rig.image(rig.clock if digest is None else digest, stamp_ns)
        rig.odometry(linear=rig.decision.command.linear_x if moves else 0.0)
        rig.send(x=x)
        states.append(rig.tick().state)
    return states


def test_camera_that_lives_lets_pass(rig):
    assert set(drive(rig, 3.0)) == {State.PASSING}


def test_same_pixels_while_moving_slow_at_half_a_second_and_stop_at_one(rig):
    drive(rig, 1.0)
    states = drive(rig, 1.5, digest=7)
    assert first(states, State.SLOWING) == pytest.approx(0.52)
    assert first(states, State.STOPPED) == pytest.approx(1.02)
    assert rig.decision.reason == "camera frozen"


def test_slowing_leaves_a_share_of_the_limit(rig):
    drive(rig, 1.0)
    drive(rig, 0.9, digest=7)
    assert rig.decision.state is State.SLOWING
    assert rig.decision.command.linear_x == pytest.approx(0.3 * 0.6)


def test_stop_lasts_until_the_pixels_change_although_it_stands_still(rig):
    drive(rig, 1.0)
    drive(rig, 6.0, digest=7)
    assert (rig.decision.state, rig.decision.command) == (State.STOPPED, ZERO)
    assert set(drive(rig, 1.0)[3:]) == {State.PASSING}


def test_same_pixels_while_standing_are_no_fault(rig):
    assert set(drive(rig, 5.0, digest=7, x=0.0)) == {State.PASSING}


def test_without_odometry_the_own_commands_tell_whether_it_moves(rig):
    for _ in range(60):
        rig.image(7)
        rig.drive(x=0.5, ticks=1)
    assert rig.decision.state is State.STOPPED


def test_stamp_that_does_not_move_counts_although_the_robot_stands(rig):
    drive(rig, 1.0, x=0.0)
    states = drive(rig, 1.5, stamp_ns=rig.clock, x=0.0)
    assert first(states, State.SLOWING) == pytest.approx(0.52)
    assert first(states, State.STOPPED) == pytest.approx(1.02)


def test_camera_that_falls_silent_counts(rig):
    drive(rig, 1.0)
    assert rig.drive(x=0.5, ticks=40).state is State.SLOWING
    assert rig.drive(x=0.5, ticks=20).state is State.STOPPED


def test_without_any_image_it_does_nothing(rig):
    assert rig.drive(x=0.5, ticks=100).state is State.PASSING


def test_people_need_no_camera(rig):
    drive(rig, 1.0)
    for _ in range(100):
        rig.send(x=0.2, source="teleop")
        rig.tick()
    assert rig.decision.state is State.PASSING


def test_camera_that_comes_back_needs_fresh_commands(rig):
    drive(rig, 1.0)
    drive(rig, 3.0, digest=7)
    for _ in range(5):
        rig.image(rig.clock)
        rig.tick()
    assert rig.decision.state is State.STOPPED
    states = drive(rig, 0.1)
    assert states[:2] == [State.STOPPED, State.STOPPED]
    assert states[3] is State.PASSING
