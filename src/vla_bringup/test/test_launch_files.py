# SPDX-License-Identifier: Apache-2.0
"""The launch files, where `launch` can be imported: on every ROS 2 distribution."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "launch"
FILES = sorted(FOLDER.glob("*.launch.py"))

launch = pytest.importorskip("launch.launch_description_sources", reason="launch is missing")
pytest.importorskip("launch_ros.actions", reason="launch_ros is missing")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def describe(path):
    return launch.get_launch_description_from_python_launch_file(str(path))


@each_file
def test_every_argument_is_described(path):
    arguments = describe(path).get_launch_arguments()
    assert arguments
    assert not [each for each in arguments if "no description" in each.description.lower()]


@each_file
def test_every_launch_file_takes_a_namespace(path):
    assert "namespace" in {argument.name for argument in describe(path).get_launch_arguments()}


def test_launched_processes_are_those_of_the_procfile():
    from launch_ros.actions import Node

    from vla_bringup.procfile import read_procfile

    nodes = [
        each for each in describe(FOLDER / "sim.launch.py").entities if isinstance(each, Node)
    ]
    listed = read_procfile(FOLDER.parent / "config" / "Procfile")
    assert [node.node_executable for node in nodes] == [program.name for program in listed]


def started_by(action):
    """What an OpaqueFunction brings into a launch."""
    from launch import LaunchContext

    return action.execute(LaunchContext())


@pytest.mark.parametrize("installed", [True, False])
def test_diagnostics_are_aggregated_where_the_aggregator_is_installed(monkeypatch, installed):
    from ament_index_python.packages import PackageNotFoundError
    from launch.actions import LogInfo
    from launch_ros.actions import Node

    from vla_bringup import launching

    def share(package):
        if not installed:
            raise PackageNotFoundError(package)
        return "/opt"

    monkeypatch.setattr(launching, "get_package_share_directory", share)
    (action,) = started_by(launching.aggregator("analyzers", "analyzers_sim"))
    if installed:
        assert isinstance(action, Node)
        assert action.node_package == "diagnostic_aggregator"
        assert action.node_executable == "aggregator_node"
    else:
        assert isinstance(action, LogInfo)


@each_file
def test_every_launch_file_aggregates_the_diagnostics(path):
    from launch.actions import OpaqueFunction

    functions = [each for each in describe(path).entities if isinstance(each, OpaqueFunction)]
    assert [each for each in functions if each.condition is not None], "on the switch `monitor`"
