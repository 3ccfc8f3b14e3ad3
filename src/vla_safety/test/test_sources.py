# SPDX-License-Identifier: Apache-2.0
"""Several sources of commands, one robot."""

import math

import pytest

from vla_safety.decision import State
from vla_safety.errors import ParameterError
from vla_safety.settings import Settings
from vla_safety.velocity import ZERO

MS = 1_000_000


def both(rig, policy, teleop, ticks=30):
    for _ in range(ticks):
        rig.send(x=policy)
        rig.send(x=teleop, source="teleop")
        rig.tick()
    return rig.decision


def test_higher_priority_takes_over_at_once(rig):
    rig.drive(x=0.5)
    rig.send(x=0.5)
    rig.send(x=-0.2, source="teleop")
    decision = rig.tick()
    assert decision.source == "teleop"
    assert decision.command.linear_x == pytest.approx(0.45)
    assert both(rig, 0.5, -0.2).command.linear_x == -0.2


def test_lost_source_means_zero_and_only_then_the_next_one(rig):
    both(rig, 0.5, 0.3)
    speeds, sources = [], []
    for _ in range(60):
        decision = rig.drive(x=0.5, ticks=1)
        speeds.append(decision.command.linear_x)
        sources.append(decision.source)
    stop = speeds.index(0.0)
    assert stop * 0.02 == pytest.approx(0.2 + 0.3 / 2.5, abs=0.05)
    assert set(sources[:stop]) == {"teleop"}
    assert rig.decision.source == "policy"
    assert speeds[-1] == 0.5


def test_lost_source_and_nobody_else_is_a_timeout(rig):
    both(rig, 0.5, 0.3)
    decision = rig.silence(60)[-1]
    assert (decision.state, decision.command) == (State.STOPPED, ZERO)
    assert decision.reason == "command timeout"


def test_zero_of_a_higher_source_holds_the_robot(rig):
    assert both(rig, 0.5, 0.0).command == ZERO
    assert rig.decision.state is State.PASSING


def test_policy_that_was_overruled_has_to_be_fresh_when_its_turn_comes(rig):
    rig.drive(x=0.5)
    for _ in range(30):
        rig.send(x=0.3, source="teleop")
        rig.tick()
    rig.silence(40)
    states = [rig.drive(x=0.5, ticks=1).state for _ in range(4)]
    assert State.STOPPED in states[:2]
    assert states[-1] is State.PASSING


def test_checks_of_models_leave_people_alone(rig):
    for _ in range(5):
        rig.send(x=0.2, age_ns=900 * MS, source="teleop")
        rig.tick()
    assert rig.decision.state is State.PASSING


@pytest.mark.parametrize("source", ["policy", "teleop"])
def test_not_finite_of_any_source_stops(rig, source):
    for _ in range(20):
        rig.send(x=0.3, source=source)
        rig.tick()
    rig.send(x=math.nan, source=source)
    assert rig.tick().command == ZERO


def test_not_finite_of_the_higher_source_does_not_let_the_lower_one_drive(rig):
    both(rig, 0.5, 0.3)
    rig.send(x=0.5)
    rig.send(x=math.nan, source="teleop")
    decision = rig.tick()
    assert (decision.source, decision.command) == ("teleop", ZERO)


def test_each_source_may_have_a_timeout_of_its_own(make_rig):
    rig = make_rig(topics__teleop__timeout=1.0)
    both(rig, 0.5, 0.3)
    assert rig.drive(x=0.5, ticks=45).command.linear_x == 0.3
    assert rig.drive(x=0.5, ticks=10).state is State.STOPPED


def test_timeout_of_a_source_counts_as_looser_against_the_common_one(rig):
    looser = rig.gate.settings.changed({"topics.policy.timeout": 0.3})
    with pytest.raises(ParameterError, match=r"topics\.policy\.timeout.*disarm first"):
        rig.gate.configure(looser)
    rig.gate.configure(rig.gate.settings.changed({"topics.policy.timeout": 0.1}))
    rig.drive(x=0.3)
    assert rig.silence(7)[-1].reason == "command timeout"


def test_reset_looks_at_every_source(rig):
    rig.gate.estop.latch("test")
    rig.send(x=0.0)
    rig.send(x=0.1, source="teleop")
    rig.tick()
    assert not rig.reset().granted


def test_further_source_has_parameters_of_its_own():
    settings = Settings.from_values(
        {"sources": ["policy", "teleop", "dock"], "topics.dock.priority": 20}
    )
    dock = settings.profiles[2]
    assert (dock.topic, dock.priority, dock.stamped, dock.learned) == (
        "cmd_vel_dock",
        20,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"sources": []}, "sources must name"),
        ({"sources": ["policy", "policy"]}, "sources must name"),
        ({"sources": ["Policy!"]}, "sources must name"),
        ({"topics.teleop.priority": 10}, "a priority of its own"),
        ({"topics.teleop.topic": "vla/cmd_vel"}, "a topic of its own"),
        ({"topics.policy.topic": "cmd_vel"}, "the gate's own output"),
        ({"topics.dock.priority": 20}, "no parameter topics.dock.priority"),
    ],
)
def test_sources_that_make_no_sense_are_refused(values, complaint):
    with pytest.raises(ParameterError, match=complaint):
        Settings.from_values(values)
