# SPDX-License-Identifier: Apache-2.0
"""Gazebo with a room in it, and the bridge between its topics and those of ROS."""

from __future__ import annotations

import tempfile
from pathlib import Path

from launch.action import Action
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_context import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

WINDOWLESS = "-s --headless-rendering "
RUNNING = "-r "


def gazebo() -> OpaqueFunction:
    """Start Gazebo in the world of the arguments, or in the room of their seed."""

    def start(context: LaunchContext) -> list[Action]:
        chosen = context.launch_configurations
        world = chosen["world"] or str(_write_room(int(chosen["seed"]), chosen["split"]))
        options = RUNNING + (WINDOWLESS if chosen["headless"] == "true" else "")
        source = PathJoinSubstitution(
            [FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"]
        )
        gz_arguments = {"gz_args": options + world, "on_exit_shutdown": "true"}
        return [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(source), launch_arguments=gz_arguments.items()
            )
        ]

    return OpaqueFunction(function=start)


def _write_room(seed: int, split: str) -> Path:
    from vla_sim.room import generate_room
    from vla_sim.sdf import write_world

    folder = Path(tempfile.mkdtemp(prefix=f"vla_room_{split}_{seed}_"))
    return write_world(generate_room(seed, split), folder)


def gazebo_bridge() -> Node:
    """The bridge, as `bridge_params` lists its topics, in the namespace of the robot."""
    use_sim_time = ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
    return Node(
        package="ros_gz_bridge",
        executable="parameter_bridge",
        name="gazebo_bridge",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            {"config_file": LaunchConfiguration("bridge_params"), "use_sim_time": use_sim_time}
        ],
        output="screen",
    )
