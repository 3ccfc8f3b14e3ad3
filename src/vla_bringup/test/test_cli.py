# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from typer.testing import CliRunner

from vla_bringup.cli import build_app
from vla_bringup.errors import BringupError


@dataclass
class Verb:
    """Stands for an entry point that a package brings."""

    name: str
    error: Exception | None = None
    loads: list[str] = field(default_factory=list)

    def load(self):
        self.loads.append(self.name)
        if self.error is not None:
            raise self.error
        return greet


def greet(who: str = "world") -> None:
    """Greet somebody."""
    print(f"hello {who}")


def invoke(verbs, *arguments):
    return CliRunner().invoke(build_app(verbs, arguments), list(arguments))


def test_verb_of_a_package_runs():
    result = invoke([Verb("greet"), Verb("other")], "greet", "--who", "robot")
    assert (result.exit_code, result.output) == (0, "hello robot\n")


def test_only_the_wanted_verb_is_imported():
    other = Verb("other")
    invoke([Verb("greet"), other], "greet")
    assert other.loads == []


def test_help_lists_every_verb_with_its_first_line():
    result = invoke([Verb("greet"), Verb("other")], "--help")
    assert "greet" in result.output
    assert "other" in result.output
    assert "Greet somebody." in result.output


def test_verb_that_cannot_be_imported_does_not_hide_the_others():
    broken = Verb("broken", error=ImportError("no module named torch"))
    result = invoke([broken, Verb("greet")], "--help")
    assert result.exit_code == 0
    assert "greet" in result.output


def test_verb_that_cannot_be_imported_says_why():
    result = invoke([Verb("broken", error=ImportError("no module named torch"))], "broken")
    assert isinstance(result.exception, BringupError)
    assert "no module named torch" in str(result.exception)


def test_unknown_verb_is_a_usage_error():
    assert invoke([Verb("greet"), Verb("other")], "dance").exit_code == 2


@pytest.mark.parametrize(
    "module", ["arm", "demo", "estop", "parity", "say", "sim", "status"], ids=lambda module: module
)
def test_importing_a_verb_imports_nothing_heavy(module):
    heavy = ("rclpy", "torch", "mujoco", "numpy", "PIL")
    script = (
        f"import sys, vla_bringup.verbs.{module}\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
