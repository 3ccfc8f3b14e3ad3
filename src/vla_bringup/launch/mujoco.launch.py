# SPDX-License-Identifier: Apache-2.0
"""A simulated robot in a MuJoCo room, without anything that drives it."""

from __future__ import annotations

from launch import LaunchDescription
from launch.substitutions import LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

from vla_bringup.launching import OurNode, arguments, environment

SIMULATOR = OurNode(
    "vla_sim",
    parameter_file="sim_params",
    arguments=("robot_name", "seed", "split", "enable_stamped_cmd_vel"),
    topics=(
        "camera_topic",
        "camera_info_topic",
        "odom_topic",
        "scan_topic",
        "cmd_vel_topic",
    ),
    # Whoever listens to a clock gets it from the simulator, which itself follows the system's.
    parameters={
        "publish_clock": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
    },
)


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments(
                "namespace",
                "sim_params",
                "safety_params",
                "robot_name",
                "use_sim_time",
                "seed",
                "split",
                "camera_topic",
                "camera_info_topic",
                "odom_topic",
                "scan_topic",
                "cmd_vel_topic",
                "enable_stamped_cmd_vel",
            ),
            SIMULATOR.indispensable("the robot is gone"),
        ]
    )
