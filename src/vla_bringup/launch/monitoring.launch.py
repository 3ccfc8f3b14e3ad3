# SPDX-License-Identifier: Apache-2.0
"""What watches: the monitor, and the aggregator that makes a tree of the diagnostics."""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import OurNode, aggregator, arguments, environment

MONITOR = OurNode(
    "vla_monitor",
    parameter_file="monitor_params",
    arguments=("robot_name", "use_sim_time", "enable_stamped_cmd_vel", "metrics_port"),
    topics=("camera_info_topic", "cmd_vel_topic"),
)


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments(
                "namespace",
                "monitor_params",
                "safety_params",
                "robot_name",
                "use_sim_time",
                "camera_info_topic",
                "cmd_vel_topic",
                "enable_stamped_cmd_vel",
                "metrics_port",
            ),
            MONITOR.restarted(),
            aggregator("analyzers"),
        ]
    )
