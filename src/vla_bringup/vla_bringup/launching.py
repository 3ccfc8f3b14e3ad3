# SPDX-License-Identifier: Apache-2.0
"""What our launch files share: described arguments, the environment, and our nodes.

Imported by launch files only: it needs `launch` and `launch_ros`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue

from vla_bringup.environment import with_defaults
from vla_bringup.installation import config_folder
from vla_bringup.parameters import read_parameter
from vla_bringup.shared_memory import clear_half_made_ports

DESCRIPTIONS = {
    "namespace": "Namespace of the robot; each robot beside another needs its own",
    "use_sim_time": "Take the time from /clock instead of the system",
    "policy": "Name of a shipped checkpoint, or a directory that holds one",
    "device": "Where the model runs, as torch names it: cpu, cuda, cuda:0",
    "camera_topic": "Where the camera publishes its images (sensor_msgs/Image)",
    "camera_info_topic": "Where the camera publishes its CameraInfo, by which it is watched",
    "odom_topic": "Where the base publishes its odometry (nav_msgs/Odometry)",
    "cmd_vel_topic": "Where the base listens to commands",
    "enable_stamped_cmd_vel": "Send TwistStamped instead of Twist to the base",
    "node_params": "Parameter file of the inference node",
    "safety_params": "Parameter file of the safety gate",
    "monitor_params": "Parameter file of the monitor",
    "monitor": "Start the monitor",
    "seed": "Seed of the simulated room",
    "world": "Gazebo world with a robot in it: a file, or a name on GZ_SIM_RESOURCE_PATH",
    "headless": "Run Gazebo without its window",
    "bridge_params": "List of the topics that are bridged between Gazebo and ROS",
}
"""Every argument of our launch files, described once."""


def argument(name: str, default: object = None) -> DeclareLaunchArgument:
    """Declare a described argument; without a default the user has to give it."""
    value = None if default is None else _text(default)
    return DeclareLaunchArgument(name, default_value=value, description=DESCRIPTIONS[name])


def switch(name: str, default: bool) -> DeclareLaunchArgument:
    """Declare a described argument that is true or false."""
    return DeclareLaunchArgument(
        name,
        default_value=_text(default),
        choices=["true", "false"],
        description=DESCRIPTIONS[name],
    )


def configured(node: str, parameter: str) -> object:
    """The value of a parameter in the file of one of our nodes."""
    return read_parameter(Path(config_file(node)), parameter)


def config_file(name: str) -> str:
    """The parameter file of one of our nodes."""
    return str(config_folder() / f"{name}.yaml")


def environment() -> list[Action]:
    """Set our defaults where the user has set nothing, and clear the way for the nodes."""
    missing = with_defaults(os.environ).items() - os.environ.items()
    variables = [SetEnvironmentVariable(name, value) for name, value in sorted(missing)]
    return [*variables, *(LogInfo(msg=sentence) for sentence in clear_half_made_ports())]


def our_node(
    name: str,
    *,
    parameter_file: SomeSubstitutionsType | None = None,
    parameters: Mapping[str, ParameterValue] | None = None,
    topics: Mapping[str, SomeSubstitutionsType] | None = None,
    **options: Any,
) -> Node:
    """One of our nodes, with its parameter file and, above that, `parameters`.

    Args:
        name: of the package, its executable and its node.
        parameter_file: in place of the one that this package brings.
        parameters: values that come from launch arguments.
        topics: remapped names.
        options: for `launch_ros.actions.Node`.
    """
    file = ParameterFile(parameter_file or config_file(name))
    return Node(
        package=name,
        executable=name,
        name=name,
        namespace=LaunchConfiguration("namespace"),
        parameters=[file, dict(parameters or {})],
        remappings=list((topics or {}).items()),
        output="screen",
        **options,
    )


def value_of(name: str, kind: type) -> ParameterValue:
    """The value of an argument as a parameter of a type."""
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def require_package(package: str, apt_name: str) -> OpaqueFunction:
    """End the launch, with the name of what to install, where a package is missing."""

    def check(context: LaunchContext) -> list[Action]:
        try:
            get_package_share_directory(package)
        except PackageNotFoundError as error:
            distro = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
            raise RuntimeError(
                f"{package} is not installed: sudo apt install ros-{distro}-{apt_name}"
            ) from error
        return []

    return OpaqueFunction(function=check)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
