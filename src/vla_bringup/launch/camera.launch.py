# SPDX-License-Identifier: Apache-2.0
"""The driver of the camera that `camera` names, publishing where the policy looks."""

from __future__ import annotations

from launch import LaunchDescription

from vla_bringup.launching import arguments, camera_driver, environment


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            *arguments(
                "namespace",
                "base",
                "camera",
                "camera_params",
                "camera_topic",
                "camera_info_topic",
            ),
            camera_driver(),
        ]
    )
