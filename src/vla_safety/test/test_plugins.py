# SPDX-License-Identifier: Apache-2.0
"""Checks and fallback policies of another package, found by entry point."""

from textwrap import dedent

import pytest

from vla_safety.decision import State
from vla_safety.errors import ParameterError
from vla_safety.plugins import find_check, find_fallback

CODE = """
    from vla_safety.check import Check
    from vla_safety.fallback import Fallback
    from vla_safety.finding import Severity
    from vla_safety.specification import Specification
    from vla_safety.velocity import Velocity

    class Reverse(Check):
        name = "never_back"
        fallback = "creep"
        parameters = (Specification("never_back.tolerance", float, 0.1, "m/s", low=0.0, high=1.0),)

        def configure(self, values):
            self.tolerance = values["never_back.tolerance"]

        def admit(self, command, now):
            if command.velocity.linear_x < -self.tolerance:
                return self.finding("backward", "the command leads backward")

    class Latching(Reverse):
        name = "never_ever_back"
        severity = Severity.LATCH
        fallback = "stop"
        parameters = ()

        def configure(self, values):
            self.tolerance = 0.0

    class Creep(Fallback):
        name = "creep"

        def drive(self, situation):
            return Velocity(linear_x=9.0, linear_y=9.0)

    class Wild(Fallback):
        name = "wild"
        hard = True

        def drive(self, situation):
            return Velocity(linear_x=float("nan"))

    class Finite(Check):
        name = "finite"

    class Misnamed(Check):
        name = "other"

    class Report(Check):
        name = "report"
        severity = Severity.CLAMP

    class Slow(Check):
        name = "slow"
        severity = Severity.CLAMP

        def restrain(self, velocity, situation):
            kept = velocity._replace(linear_x=velocity.linear_x / 2)
            return kept, self.finding("slow zone", "half as fast")

        def report(self):
            return {"zone": "slow"}

    class Both(Slow):
        name = "both"

        def watch(self, situation):
            return None

    nothing = 3
"""
ENTRIES = """
    [vla_safety.checks]
    never_back = other_package:Reverse
    never_ever_back = other_package:Latching
    finite = other_package:Finite
    misnamed = other_package:Misnamed
    report = other_package:Report
    slow = other_package:Slow
    both = other_package:Both
    no_check = other_package:nothing
    missing = other_package:Missing

    [vla_safety.fallbacks]
    creep = other_package:Creep
    wild = other_package:Wild
"""
CHECKS = ["finite", "command_timeout"]


@pytest.fixture(autouse=True)
def other_package(tmp_path, monkeypatch):
    (tmp_path / "other_package.py").write_text(dedent(CODE))
    info = tmp_path / "other_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other_package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(dedent(ENTRIES))
    monkeypatch.syspath_prepend(tmp_path)


def test_check_of_another_package_runs_with_its_parameters(make_rig):
    rig = make_rig(checks=[*CHECKS, "never_back"], never_back__tolerance=0.2)
    assert rig.drive(x=-0.15).state is State.PASSING
    decision = rig.drive(x=-0.3, ticks=1)
    assert (decision.state, decision.reason) == (State.STOPPED, "backward")


def test_fallback_of_another_package_is_held_to_the_limits(make_rig):
    rig = make_rig(checks=[*CHECKS, "never_back"])
    decision = rig.drive(x=-0.3, ticks=1)
    assert decision.command.linear_x == pytest.approx(0.05)
    decision = rig.drive(x=-0.3)
    assert decision.command.linear_x == 0.6
    assert decision.command.linear_y == 0.0


def test_fallback_that_is_not_finite_commands_zero(make_rig):
    rig = make_rig(fallbacks__command_timeout="wild")
    rig.drive(x=0.5)
    assert rig.silence(20)[-1].command.linear_x == 0.0


def test_check_of_severity_latch_latches_the_e_stop(make_rig):
    rig = make_rig(checks=[*CHECKS, "never_ever_back"])
    decision = rig.drive(x=-0.1, ticks=1)
    assert decision.reason == "e-stop latched"
    assert rig.drive(x=0.1).state is State.LATCHED
    assert "the command leads backward" in rig.gate.estop.cause


def test_check_that_restrains_slows_source_and_fallback_policies(make_rig):
    checks = [*CHECKS, "slow", "never_back"]
    rig = make_rig(checks=checks, fallbacks__command_timeout="creep")
    decision = rig.drive(x=0.5)
    assert (decision.state, decision.reason) == (State.CLAMPING, "slow zone")
    assert decision.command.linear_x == 0.25
    assert rig.gate.reports()["zone"] == "slow"
    assert rig.silence(40)[-1].command.linear_x == 0.3
    assert rig.decision.reason == "command timeout"


def test_other_packages_cannot_replace_a_check_of_the_gate():
    assert find_check("finite").__module__ == "vla_safety.checks.finite"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("misnamed", "calls itself 'other'"),
        ("report", "severity clamp"),
        ("both", "nothing else"),
        ("no_check", "must be a subclass of vla_safety.check.Check"),
        ("missing", "does not load"),
        ("unheard_of", "known: .*never_back"),
    ],
)
def test_unusable_check_is_refused_with_a_sentence(name, complaint):
    with pytest.raises(ParameterError, match=complaint):
        find_check(name)


def test_unknown_fallback_is_refused_with_the_known_ones():
    with pytest.raises(
        ParameterError, match="known: avoid, brake, creep, hold, retreat, stop, wild"
    ):
        find_fallback("fly")
