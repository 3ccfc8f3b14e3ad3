# SPDX-License-Identifier: Apache-2.0
"""What drives a robot by its camera: the policy, the safety gate and the monitor.

    ros2 launch vla_bringup robot.launch.py base:=turtlebot4
    ros2 launch vla_bringup robot.launch.py camera:=usb_cam cmd_vel_topic:=base/cmd_vel

`base` chooses the topics of a robot that is known by name, and `camera` a driver to start; any
single topic can be given besides. The gate starts disarmed: `vla arm` lets the robot drive.
"""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import arguments, environment, included, switched_on


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments("namespace", "base", "camera", "monitor", "rviz"),
            included("policy"),
            included("camera"),
            included("monitoring", switched_on("monitor")),
            included("rviz", switched_on("rviz")),
        ]
    )
