# SPDX-License-Identifier: Apache-2.0
"""A simulated robot in a MuJoCo room, with everything that drives it."""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import arguments, environment, included, switched_on


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments("namespace", "monitor", "rviz"),
            included("mujoco"),
            included("policy"),
            included("monitoring", switched_on("monitor")),
            included("rviz", switched_on("rviz")),
        ]
    )
