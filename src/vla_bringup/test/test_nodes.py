# SPDX-License-Identifier: Apache-2.0
"""What the processes of the Procfile are really started with, seen by stand-ins for them."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from vla_bringup.errors import InstallationError
from vla_bringup.nodes import configured_policy, simulated_robot
from vla_bringup.parameters import read_parameter

CONFIG = Path(__file__).parents[1] / "config"
PACKAGES = ("vla_sim", "vla_safety", "vla_node", "vla_monitor")


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """An installation whose executables only say what they were called with."""
    prefix = tmp_path / "install here"
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    for package in (*PACKAGES, "vla_bringup"):
        (index / package).touch()
        executable = prefix / "lib" / package / package
        executable.parent.mkdir(parents=True)
        executable.write_text('#!/bin/sh\nfor word in "$0" "$@"; do echo "$word"; done\n')
        executable.chmod(0o755)
    shutil.copytree(CONFIG, prefix / "share" / "vla_bringup" / "config")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix))
    return prefix


def words_of(supervisor):
    """The command line of each process, by name."""
    supervisor.start(lambda _: subprocess.PIPE)
    pipes = {name: supervisor.pipe(name) for name in supervisor.pids}
    words = {name: pipe.read().decode().splitlines() for name, pipe in pipes.items()}
    supervisor.stop()
    return words


def test_each_process_is_the_executable_of_its_package(prefix, tmp_path):
    words = words_of(simulated_robot(tmp_path))
    assert {name: line[0] for name, line in words.items()} == {
        name: str(prefix / "lib" / name / name) for name in PACKAGES
    }


def test_each_process_gets_its_file_and_then_the_overrides(prefix, tmp_path):
    for name, line in words_of(simulated_robot(tmp_path)).items():
        files = [value for word, value in itertools.pairwise(line) if word == "--params-file"]
        assert files == [
            str(prefix / "share" / "vla_bringup" / "config" / f"{name}.yaml"),
            str(tmp_path / "overrides.yaml"),
        ]


@pytest.mark.parametrize(
    ("namespace", "rule"), [("", "__ns:=/"), ("robot1", "__ns:=/robot1"), ("/a/b/", "__ns:=/a/b")]
)
def test_each_process_lives_in_the_namespace(prefix, tmp_path, namespace, rule):
    for line in words_of(simulated_robot(tmp_path, namespace=namespace)).values():
        assert line[-2:] == ["-r", rule]


def test_only_the_node_has_its_name_in_its_command_line(prefix, tmp_path):
    words = words_of(simulated_robot(tmp_path, policy="vla_node_policy"))
    assert [name for name, line in words.items() if "vla_node" in " ".join(line)] == ["vla_node"]


def test_what_was_asked_for_overrides_the_files(prefix, tmp_path):
    simulated_robot(tmp_path, seed=7, policy="other")
    overrides = tmp_path / "overrides.yaml"
    assert read_parameter(overrides, "seed") == 7
    assert read_parameter(overrides, "policy") == "other"


def test_nothing_asked_for_overrides_nothing(prefix, tmp_path):
    simulated_robot(tmp_path)
    assert read_parameter(tmp_path / "overrides.yaml", "seed") is None


def test_latch_of_a_simulated_e_stop_is_kept_apart_from_that_of_a_robot(prefix, tmp_path):
    simulated_robot(tmp_path)
    assert read_parameter(tmp_path / "overrides.yaml", "state_directory") == str(tmp_path)


def test_directory_of_a_policy_is_found_from_anywhere(prefix, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    simulated_robot(tmp_path, policy="mine")
    assert read_parameter(tmp_path / "overrides.yaml", "policy") == str(tmp_path / "mine")


def test_configured_policy_is_that_of_the_nodes_file(prefix):
    assert configured_policy() == read_parameter(CONFIG / "vla_node.yaml", "policy")


def test_missing_package_is_told_with_how_to_get_it(prefix, tmp_path, monkeypatch):
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    with pytest.raises(InstallationError, match=r"vla_bringup is not installed.*colcon build"):
        simulated_robot(tmp_path)


def test_missing_executable_is_told_by_its_path(prefix, tmp_path):
    (prefix / "lib" / "vla_safety" / "vla_safety").unlink()
    with pytest.raises(InstallationError, match="lib/vla_safety/vla_safety"):
        simulated_robot(tmp_path)
