# SPDX-License-Identifier: Apache-2.0
"""Launch files of ours within others of ours."""

from __future__ import annotations

from launch.actions import IncludeLaunchDescription
from launch.condition import Condition
from launch.launch_description_sources import PythonLaunchDescriptionSource

from vla_bringup.installation import launch_folder


def included(name: str, condition: Condition | None = None) -> IncludeLaunchDescription:
    """One of our launch files; arguments that are set here hold there too."""
    source = PythonLaunchDescriptionSource(str(launch_folder() / f"{name}.launch.py"))
    return IncludeLaunchDescription(source, condition=condition)
