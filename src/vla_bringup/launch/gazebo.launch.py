# SPDX-License-Identifier: Apache-2.0
"""A robot in Gazebo, with everything that drives it, armed.

The world is the room that the MuJoCo simulator has for the same seed, unless `world` names
another one, whose robot has a camera, a laser scanner and a diff-drive plugin on the Gazebo
topics that `bridge_params` lists. It needs `ros_gz_sim` and `ros_gz_bridge`
(apt: ros-$ROS_DISTRO-ros-gz).
"""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import (
    arguments,
    arming,
    environment,
    gazebo,
    gazebo_bridge,
    included,
    required_package,
    switched_on,
)


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments(
                "namespace",
                "sim_params",
                "seed",
                "split",
                "world",
                "headless",
                "bridge_params",
                "arm",
                "monitor",
                "rviz",
                use_sim_time="true",
            ),
            required_package("ros_gz_sim", "ros-gz"),
            required_package("ros_gz_bridge", "ros-gz"),
            gazebo(),
            gazebo_bridge(),
            included("policy"),
            arming(switched_on("arm")),
            included("monitoring", switched_on("monitor")),
            included("rviz", switched_on("rviz")),
        ]
    )
