# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from vla_safety.audit import Audit
from vla_safety.decision import State
from vla_safety.status import Level, event_status, gate_status

AXES = ["linear.x", "angular.z"]


class Watched:
    """A rig whose every tick is audited."""

    def __init__(self, rig):
        self.rig = rig
        self.audit = Audit()
        self.events = self.audit.observe(rig.decision, rig.steady)

    def drive(self, x=0.0, ticks=50, **fields):
        new = []
        for _ in range(ticks):
            new += self.audit.observe(self.rig.drive(x, ticks=1, **fields), self.rig.steady)
        return self._keep(new)

    def silence(self, ticks):
        new = []
        for _ in range(ticks):
            new += self.audit.observe(self.rig.tick(), self.rig.steady)
        return self._keep(new)

    def _keep(self, new):
        self.events += new
        return [(event.kind, event.text) for event in new]

    def status(self):
        return gate_status(self.rig.gate, self.rig.decision, self.audit, self.rig.clock)


@pytest.fixture
def watched(rig):
    return Watched(rig)


def test_steady_state_is_told_once(watched):
    assert watched.drive(x=0.3) == [("state", "passing")]
    assert watched.drive(x=0.3) == []


def test_stop_is_one_intervention_with_its_end(watched):
    watched.drive(x=0.3)
    events = watched.silence(100)
    assert [kind for kind, _ in events] == ["intervention started", "state"]
    assert watched.audit.totals == {"command_timeout": 1}
    events = watched.drive(x=0.3)
    assert ("state", "passing") in events
    assert ("intervention ended", "no longer: command timeout") in events
    assert watched.audit.totals == {"command_timeout": 1}
    duration = watched.events[-1].duration_s
    assert duration == pytest.approx((100 - 12 + 2) * 0.02, abs=0.05)


def test_clamp_that_flickers_is_one_intervention(watched):
    watched.drive(x=0.6)
    for _ in range(50):
        watched.drive(x=0.6001, ticks=1)
        watched.drive(x=0.6, ticks=1)
        assert watched.audit.shown(watched.rig.decision)[0] is State.CLAMPING
    assert watched.audit.totals == {"velocity_limit": 1}
    assert ("state", "passing") in watched.drive(x=0.5)


def test_state_that_flickers_is_told_once_a_second_and_settles_on_the_truth(make_rig):
    watched = Watched(make_rig(faults_to_latch=1000))
    watched.drive(x=0.3)
    events = []
    for _ in range(50):  # two seconds
        events += watched.drive(x=math.nan, ticks=1)
        events += watched.drive(x=0.3, ticks=1)
    assert len([kind for kind, _ in events if kind == "state"]) <= 6
    events += watched.drive(x=0.3)
    assert [text for kind, text in events if kind == "state"][-1] == "passing"
    assert watched.audit.totals == {"finite": 1}


def test_event_says_what_was_compared(watched):
    watched.drive(x=0.6)
    watched.drive(x=0.9, ticks=1)
    event = next(e for e in watched.events if e.kind == "intervention started")
    status = event_status(event, watched.rig.decision, AXES)
    assert status.level is Level.WARN
    assert status.message == "linear.x 0.9 is beyond linear.x.max_velocity 0.6 m/s"
    expected = {"check": "velocity_limit", "value": "0.9", "limit": "0.6", "unit": "m/s"}
    assert expected.items() <= status.values.items()
    assert status.values["command_in.linear.x"] == "0.9"
    assert status.values["command_out.linear.x"] == "0.6"


def test_status_while_passing(watched):
    watched.drive(x=0.3, age_ns=40_000_000)
    status = watched.status()
    assert (status.level, status.message) == (Level.OK, "passing")
    assert status.values["armed"] == "true"
    assert status.values["source"] == "policy"
    assert status.values["age_ms"] == "60.0"
    assert status.values["command_in.linear.x"] == status.values["command_out.linear.x"] == "0.3"
    assert status.values["interventions"] == "0"


def test_status_of_each_other_state(watched):
    assert (watched.status().level, watched.status().message) == (
        Level.WARN,
        "waiting for a command",
    )
    watched.drive(x=0.9)
    assert (watched.status().level, watched.status().message) == (Level.WARN, "clamping")
    watched.silence(50)
    assert (watched.status().level, watched.status().message) == (Level.ERROR, "command timeout")
    assert watched.status().values["interventions.command_timeout"] == "1"
    watched.rig.gate.arm(False)
    watched.silence(1)
    assert (watched.status().level, watched.status().message) == (Level.WARN, "disarmed")
    watched.rig.gate.estop.latch("a test wants it")
    watched.silence(1)
    status = watched.status()
    assert (status.level, status.message) == (Level.ERROR, "e-stop latched")
    assert status.values["detail"] == "a test wants it"


def test_status_shows_a_command_that_is_not_finite(watched):
    watched.drive(x=math.nan, ticks=1)
    assert watched.status().values["command_in.linear.x"] == "nan"


def test_restraint_is_a_warning_with_its_reason(watched):
    assert watched.status().values["scan"] == "none yet"
    for _ in range(20):
        watched.rig.scan([(0.24, 0.0)])
        watched.drive(x=0.3, ticks=1)
    status = watched.status()
    assert (status.level, status.message) == (Level.WARN, "obstacle ahead")
    assert status.values["scan"] == "current"
    watched.drive(x=0.0, ticks=1)
    assert watched.status().message == "obstacle ahead"  # until it has rested
    assert watched.audit.totals == {"obstacle": 1}
