# SPDX-License-Identifier: Apache-2.0
"""A robot in Gazebo, with everything that drives it.

It needs `ros_gz_sim` and `ros_gz_bridge` (apt: ros-$ROS_DISTRO-ros-gz), and a world whose robot
has a camera, a laser scanner and a diff-drive plugin on the Gazebo topics that
`bridge_params` lists.
"""

from __future__ import annotations

from launch.actions import IncludeLaunchDescription
from launch.conditions import IfCondition, UnlessCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetParameter
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription
from vla_bringup.launching import (
    aggregator,
    argument,
    config_file,
    configured,
    environment,
    our_node,
    require_package,
    switch,
    value_of,
)


def gazebo(options: str, condition: IfCondition | UnlessCondition) -> IncludeLaunchDescription:
    source = PathJoinSubstitution([FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"])
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(source),
        launch_arguments={"gz_args": [options, LaunchConfiguration("world")]}.items(),
        condition=condition,
    )


def bridge() -> Node:
    return Node(
        package="ros_gz_bridge",
        executable="parameter_bridge",
        name="gazebo_bridge",
        namespace=LaunchConfiguration("namespace"),
        parameters=[{"config_file": LaunchConfiguration("bridge_params")}],
        output="screen",
    )


def generate_launch_description() -> LaunchDescription:
    headless = LaunchConfiguration("headless")
    return LaunchDescription(
        [
            *environment(),
            argument("world"),
            argument("namespace", ""),
            argument("policy", configured("vla_node", "policy")),
            argument("device", configured("vla_node", "device")),
            argument("bridge_params", config_file("gazebo_bridge")),
            switch("headless", False),
            switch("monitor", True),
            require_package("ros_gz_sim", "ros-gz"),
            require_package("ros_gz_bridge", "ros-gz"),
            SetParameter("use_sim_time", True),
            gazebo("-r ", UnlessCondition(headless)),
            gazebo("-r -s --headless-rendering ", IfCondition(headless)),
            bridge(),
            our_node("vla_safety"),
            our_node(
                "vla_node",
                parameters={
                    "policy": value_of("policy", str),
                    "device": value_of("device", str),
                },
            ),
            our_node("vla_monitor", condition=IfCondition(LaunchConfiguration("monitor"))),
            aggregator("analyzers", condition=IfCondition(LaunchConfiguration("monitor"))),
        ]
    )
