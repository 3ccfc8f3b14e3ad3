# SPDX-License-Identifier: Apache-2.0
"""What drives a robot by its camera: the policy, the safety gate and the monitor.

The camera driver and the base are the robot's own: `camera_topic` and `cmd_vel_topic` say
where they are. The gate starts disarmed: `vla arm` lets the robot drive.
"""

from __future__ import annotations

from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import SetParameter

from launch import LaunchDescription
from vla_bringup.launching import (
    aggregator,
    argument,
    config_file,
    configured,
    environment,
    our_node,
    switch,
    value_of,
)


def generate_launch_description() -> LaunchDescription:
    stamped = {"enable_stamped_cmd_vel": value_of("enable_stamped_cmd_vel", bool)}
    camera = {"camera/image_raw": LaunchConfiguration("camera_topic")}
    camera_info = {"camera/camera_info": LaunchConfiguration("camera_info_topic")}
    odometry = {"odom": LaunchConfiguration("odom_topic")}
    command = {"cmd_vel": LaunchConfiguration("cmd_vel_topic")}
    return LaunchDescription(
        [
            *environment(),
            argument("namespace", ""),
            switch("use_sim_time", False),
            argument("policy", configured("vla_node", "policy")),
            argument("device", configured("vla_node", "device")),
            argument("camera_topic", "camera/image_raw"),
            argument("camera_info_topic", "camera/camera_info"),
            argument("odom_topic", "odom"),
            argument("cmd_vel_topic", "cmd_vel"),
            switch("enable_stamped_cmd_vel", False),
            argument("node_params", config_file("vla_node")),
            argument("safety_params", config_file("vla_safety")),
            argument("monitor_params", config_file("vla_monitor")),
            switch("monitor", True),
            SetParameter("use_sim_time", LaunchConfiguration("use_sim_time")),
            our_node(
                "vla_safety",
                parameter_file=LaunchConfiguration("safety_params"),
                parameters=stamped,
                topics={**camera, **odometry, **command},
            ),
            our_node(
                "vla_node",
                parameter_file=LaunchConfiguration("node_params"),
                parameters={
                    "policy": value_of("policy", str),
                    "device": value_of("device", str),
                },
                topics={**camera, **odometry},
            ),
            our_node(
                "vla_monitor",
                parameter_file=LaunchConfiguration("monitor_params"),
                parameters=stamped,
                topics={**camera, **camera_info, **command},
                condition=IfCondition(LaunchConfiguration("monitor")),
            ),
            aggregator("analyzers", condition=IfCondition(LaunchConfiguration("monitor"))),
        ]
    )
