# SPDX-License-Identifier: Apache-2.0
"""The Procfile and the launch file list the same processes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from vla_bringup.errors import InstallationError
from vla_bringup.procfile import read_procfile

PACKAGE = Path(__file__).parents[1]
PROCFILE = PACKAGE / "config" / "Procfile"
PROGRAMS = read_procfile(PROCFILE)
names = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


def launched(launch_file):
    """Names of our nodes that a launch file starts itself or by those that it includes."""
    tree = ast.parse((PACKAGE / "launch" / f"{launch_file}.launch.py").read_text())
    calls = [
        (getattr(call.func, "id", ""), call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
    ]
    nodes = {name for function, name in calls if function == "OurNode"}
    return nodes.union(*(launched(name) for function, name in calls if function == "included"))


def test_procfile_and_launch_file_list_the_same_processes():
    assert launched("sim") == {program.name for program in PROGRAMS}


@pytest.mark.parametrize("launch_file", ["robot", "gazebo"])
def test_every_other_launch_file_starts_all_but_the_simulation(launch_file):
    others = {program.name for program in PROGRAMS} - {"vla_sim"}
    assert launched(launch_file) == others


@names
def test_process_replaces_its_shell_with_the_executable_of_its_name(program):
    assert program.command.split()[:2] == ["exec", program.name]


@names
def test_process_has_the_parameter_file_of_its_name_and_the_overrides(program):
    files = re.findall(r'--params-file "([^"]+)"', program.command)
    assert files == [f"$VLA_CONFIG/{program.name}.yaml", "$VLA_OVERRIDES"]


@names
def test_parameter_file_exists(program):
    assert (PACKAGE / "config" / f"{program.name}.yaml").is_file()


def test_missing_procfile_is_told_by_its_path(tmp_path):
    with pytest.raises(InstallationError, match="Procfile"):
        read_procfile(tmp_path / "Procfile")


def test_procfile_without_processes_is_refused(tmp_path):
    path = tmp_path / "Procfile"
    path.write_text("# nothing\n")
    with pytest.raises(InstallationError, match="lists no process"):
        read_procfile(path)
