# SPDX-License-Identifier: Apache-2.0
"""A simulated robot in a MuJoCo room, with everything that drives it, armed."""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import arguments, arming, environment, included, switched_on


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments("namespace", "arm", "monitor", "rviz"),
            included("mujoco"),
            included("policy"),
            arming(switched_on("arm")),
            included("monitoring", switched_on("monitor")),
            included("rviz", switched_on("rviz")),
        ]
    )
