# SPDX-License-Identifier: Apache-2.0
"""What drives: the safety gate, and behind it the policy.

The policy is started once the gate runs, and again whenever it dies. It configures and
activates itself (its parameter `autostart`): a request from here could be lost on a new process
that takes the name of a dead one. Without the gate nothing may drive: its end ends the launch.
"""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import OurNode, after_start, arguments, environment

GATE = OurNode(
    "vla_safety",
    parameter_file="safety_params",
    arguments=("robot_name", "use_sim_time", "enable_stamped_cmd_vel"),
    topics=("camera_topic", "odom_topic", "scan_topic", "cmd_vel_topic", "e_stop_topic"),
    compares=True,
    ending_s=20.0,  # however slow the machine is, its last command has to be zero
)
POLICY = OurNode(
    "vla_node",
    parameter_file="node_params",
    arguments=("robot_name", "use_sim_time", "policy", "device", "backend"),
    topics=("camera_topic", "odom_topic"),
)


def generate_launch_description() -> LaunchDescription:
    gate = GATE.indispensable("without the gate nothing may drive")
    return LaunchDescription(
        [
            *environment(),
            *arguments(
                "namespace",
                "node_params",
                "safety_params",
                "robot_name",
                "use_sim_time",
                "policy",
                "device",
                "backend",
                "camera_topic",
                "odom_topic",
                "scan_topic",
                "cmd_vel_topic",
                "e_stop_topic",
                "enable_stamped_cmd_vel",
            ),
            after_start(gate, POLICY.restarted()),
        ]
    )
