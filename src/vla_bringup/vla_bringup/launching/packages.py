# SPDX-License-Identifier: Apache-2.0
"""Packages that may be missing: which are there, and the sentence that says what to install."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.action import Action
from launch.actions import OpaqueFunction
from launch.condition import Condition
from launch.launch_context import LaunchContext


def first_installed(packages: Iterable[str]) -> str | None:
    """The first of several packages that is installed, or None."""
    for package in packages:
        try:
            get_package_share_directory(package)
        except PackageNotFoundError:
            continue
        return package
    return None


def missing(package: str, apt_name: str) -> str:
    """The sentence for a package that is not there.

    Args:
        package: that was looked for.
        apt_name: of the apt package without the leading `ros-$ROS_DISTRO-`.
    """
    distribution = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
    return f"{package} is not installed: sudo apt install ros-{distribution}-{apt_name}"


def required_package(
    package: str, apt_name: str, condition: Condition | None = None
) -> OpaqueFunction:
    """End the launch, with the name of what to install, where a package is missing."""

    def check(context: LaunchContext) -> list[Action]:
        if first_installed([package]) is None:
            raise RuntimeError(missing(package, apt_name))
        return []

    return OpaqueFunction(function=check, condition=condition)
