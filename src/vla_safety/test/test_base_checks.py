# SPDX-License-Identifier: Apache-2.0
"""A base that does something else than it is told, or hears somebody else as well."""

import math

import pytest

from vla_safety.decision import State
from vla_safety.velocity import ZERO


class Base:
    """Follows the gate's output as `respond(velocity, speed)` says."""

    def __init__(self, rig, respond=lambda told: told):
        self.rig, self.respond = rig, respond
        self.x = 0.0

    def drive(self, seconds, x=0.5, z=0.0):
        """The states that were seen."""
        states = []
        for _ in range(round(seconds * 50)):
            told = self.rig.decision.command
            speed = self.respond(told.linear_x)
            self.x += speed * 0.02
            self.rig.odometry(x=self.x, linear=speed, angular=told.angular_z)
            self.rig.send(x=x, z=z)
            states.append(self.rig.tick().state)
        return states


def test_base_that_follows_passes(rig):
    assert set(Base(rig).drive(4.0)) == {State.PASSING}


def test_base_that_follows_late_passes(rig):
    told = []

    def late(velocity):
        told.append(velocity)
        return told[-15] if len(told) > 15 else 0.0

    assert set(Base(rig, late).drive(4.0)) == {State.PASSING}


def test_base_that_stays_where_it_is_stops_for_no_progress(make_rig):
    checks = ["finite", "command_timeout", "no_progress"]
    rig = make_rig(checks=checks)
    states = Base(rig, lambda _: 0.0).drive(4.0)
    assert 2.0 < states.index(State.STOPPED) * 0.02 < 2.2
    assert (rig.decision.reason, rig.decision.command) == ("no progress", ZERO)


def test_stop_for_no_progress_ends_when_the_source_gives_in(make_rig):
    rig = make_rig(checks=["finite", "command_timeout", "no_progress"])
    base = Base(rig, lambda _: 0.0)
    base.drive(10.0)
    assert rig.decision.state is State.STOPPED
    assert set(base.drive(0.5, x=0.0, z=0.6)) == {State.PASSING}
    assert set(base.drive(1.0, x=-0.3)) == {State.PASSING}


def test_stop_for_no_progress_ends_when_a_person_arms_again(make_rig):
    rig = make_rig(checks=["finite", "command_timeout", "no_progress"])
    base = Base(rig, lambda _: 0.0)
    base.drive(4.0)
    base.respond = lambda told: told
    assert base.drive(1.0)[-1] is State.STOPPED
    rig.gate.arm(False)
    rig.gate.arm(True)
    assert base.drive(1.0)[-1] is State.PASSING


def test_robot_that_cannot_turn_stops_too(make_rig):
    rig = make_rig(checks=["finite", "command_timeout", "no_progress"])
    for _ in range(120):
        rig.odometry()
        rig.drive(z=1.0, ticks=1)
    assert rig.decision.reason == "no progress"


def test_robot_that_is_not_told_to_move_makes_no_progress_and_that_is_well(rig):
    assert set(Base(rig).drive(10.0, x=0.0)) == {State.PASSING}


@pytest.mark.parametrize("wrong", [0.0, -0.3, 1.0, math.nan])
def test_base_that_drives_another_speed_stops(make_rig, wrong):
    rig = make_rig(checks=["finite", "command_timeout", "odometry_agreement"])
    base = Base(rig)
    base.drive(2.0)
    base.respond = lambda _: wrong
    states = base.drive(2.0)
    assert states.index(State.STOPPED) * 0.02 <= 1.0
    assert rig.decision.reason == "odometry disagrees"
    base.respond = lambda told: told
    assert base.drive(0.2)[-1] is State.STOPPED
    assert base.drive(0.2, x=0.0)[-1] is State.PASSING
    assert base.drive(1.0)[-1] is State.PASSING
    base.respond = lambda _: wrong
    base.drive(2.0)
    base.respond = lambda told: told
    rig.gate.arm(True)
    assert base.drive(1.0)[-1] is State.PASSING


def test_base_that_is_a_little_off_passes(rig):
    assert set(Base(rig, lambda told: 0.8 * told).drive(3.0)) == {State.PASSING}


def test_old_odometry_and_none_say_nothing(rig):
    assert rig.drive(x=0.5, ticks=200).state is State.PASSING
    rig.odometry()
    assert rig.drive(x=0.5, ticks=200).state is State.PASSING


def test_another_publisher_stops_and_is_named(rig):
    rig.drive(x=0.5)
    rig.gate.senses.rivals = ("/joystick",)
    decision = rig.drive(x=0.5, ticks=1)
    assert (decision.state, decision.command) == (State.STOPPED, ZERO)
    assert "/joystick" in decision.interventions[0].detail
    rig.gate.senses.rivals = ()
    assert rig.drive(x=0.5, ticks=1).state is State.PASSING


def test_another_publisher_is_told_before_the_first_command(rig):
    rig.gate.senses.rivals = ("/joystick",)
    assert rig.tick().reason == "another publisher drives"
