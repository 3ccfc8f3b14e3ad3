# SPDX-License-Identifier: Apache-2.0
"""What shows: rviz with the robot's camera, its scan and the path that the policy plans."""

from __future__ import annotations

from launch import LaunchDescription
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from vla_bringup.launching import arguments, environment, moved_topics, required_package


def generate_launch_description() -> LaunchDescription:
    use_sim_time = ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
    return LaunchDescription(
        [
            *environment(),
            *arguments("namespace", "use_sim_time", "rviz_config", "camera_topic", "scan_topic"),
            required_package("rviz2", "rviz2"),
            Node(
                package="rviz2",
                executable="rviz2",
                namespace=LaunchConfiguration("namespace"),
                arguments=["--display-config", LaunchConfiguration("rviz_config")],
                parameters=[{"use_sim_time": use_sim_time}],
                remappings=moved_topics("camera_topic", "scan_topic"),
                output="screen",
            ),
        ]
    )
