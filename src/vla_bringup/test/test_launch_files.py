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
