# SPDX-License-Identifier: Apache-2.0
"""The driver of a camera that is known by name."""

from __future__ import annotations

import os

from launch.action import Action
from launch.actions import OpaqueFunction
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile

from vla_bringup.launching.packages import first_installed, missing
from vla_bringup.presets import DRIVERS, NO_DRIVER, Driver


def camera_driver() -> OpaqueFunction:
    """Start the driver that the argument `camera` names, if it names one.

    Where the package of the driver is missing, the launch ends with the name of what to install.
    """

    def start(context: LaunchContext) -> list[Action]:
        name = context.launch_configurations["camera"]
        if name == NO_DRIVER:
            return []
        driver = DRIVERS[name]
        package = first_installed(driver.packages)
        if package is None:
            distribution = os.environ.get("ROS_DISTRO", "")
            apt_name = driver.apt.get(distribution, driver.apt[""])
            raise RuntimeError(missing(driver.packages[0], apt_name))
        return [_node(driver, package, context.launch_configurations["camera_params"])]

    return OpaqueFunction(function=start)


def _node(driver: Driver, package: str, parameter_file: str) -> Node:
    return Node(
        package=package,
        executable=driver.executable,
        name="camera",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            dict(driver.parameters),
            *([ParameterFile(parameter_file)] if parameter_file else []),
        ],
        remappings=[
            (driver.image, LaunchConfiguration("camera_topic")),
            (driver.info, LaunchConfiguration("camera_info_topic")),
        ],
        output="screen",
    )
