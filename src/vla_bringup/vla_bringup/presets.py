# SPDX-License-Identifier: Apache-2.0
"""Robots and cameras that are known by name: their topics, and what starts a camera's driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Base:
    """Where a robot listens and speaks, relative to its namespace, under ROS 2 Jazzy or later.

    Attributes:
        stamped: whether it listens to TwistStamped instead of Twist.
        e_stop: its own emergency stop (std_msgs/Bool, true while it is pressed).
        camera: the image that it publishes without a driver of ours.
    """

    cmd_vel: str = "cmd_vel"
    stamped: bool = False
    odom: str = "odom"
    scan: str = "scan"
    e_stop: str = "hardware/e_stop"
    camera: str = "camera/image_raw"
    camera_info: str = "camera/camera_info"


GENERIC = "generic"

BASES: Mapping[str, Base] = {
    GENERIC: Base(),
    # turtlebot4_robot, branch jazzy: the republisher and the driver of the OAK-D that it starts.
    "turtlebot4": Base(
        stamped=True,
        camera="oakd/rgb/preview/image_raw",
        camera_info="oakd/rgb/preview/camera_info",
    ),
    # Clearpath's "ROS 2 Platform API" for Jazzy; the first of each kind of sensor.
    "clearpath": Base(
        stamped=True,
        odom="platform/odom/filtered",
        scan="sensors/lidar2d_0/scan",
        e_stop="platform/emergency_stop",
        camera="sensors/camera_0/color/image",
        camera_info="sensors/camera_0/color/camera_info",
    ),
    # ros2_controllers, as its own examples name the controller; TwistStamped only, since Jazzy.
    "diff_drive_controller": Base(
        cmd_vel="diff_drive_controller/cmd_vel",
        stamped=True,
        odom="diff_drive_controller/odom",
    ),
}
"""What `base:=` chooses from."""


@dataclass(frozen=True)
class Driver:
    """A camera's driver, started so that it publishes camera/image_raw and camera/camera_info.

    Attributes:
        packages: that have the executable, best first; distributions name them differently.
        apt: the packages to install, without the leading ros-$ROS_DISTRO-, by distribution;
            "" stands for all others.
        image: what the driver calls its image, and `info` its CameraInfo.
    """

    packages: tuple[str, ...]
    executable: str
    apt: Mapping[str, str]
    image: str
    info: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


DRIVERS: Mapping[str, Driver] = {
    "usb_cam": Driver(
        packages=("usb_cam",),
        executable="usb_cam_node_exe",
        apt={"": "usb-cam"},
        image="image_raw",
        info="camera_info",
        parameters={"framerate": 30.0, "image_width": 640, "image_height": 480},
    ),
    "v4l2_camera": Driver(
        packages=("v4l2_camera",),
        executable="v4l2_camera_node",
        apt={"": "v4l2-camera"},
        image="image_raw",
        info="camera_info",
        parameters={"image_size": [640, 480]},
    ),
    "realsense2_camera": Driver(
        packages=("realsense2_camera",),
        executable="realsense2_camera_node",
        apt={"": "realsense2-camera"},
        image="~/color/image_raw",
        info="~/color/camera_info",
        # The policy needs no depth, and USB has no room to waste.
        parameters={"enable_depth": False, "rgb_camera.color_profile": "640x480x30"},
    ),
    "oakd": Driver(
        packages=("depthai_ros_driver_v3", "depthai_ros_driver"),
        executable="driver_node",
        apt={"jazzy": "depthai-ros-v3", "": "depthai-ros"},
        image="~/rgb/image_raw",
        info="~/rgb/camera_info",
    ),
}
"""What `camera:=` chooses from, besides `none` for a camera that is already running."""

NO_DRIVER = "none"
IMAGE = "camera/image_raw"
CAMERA_INFO = "camera/camera_info"


def image_topic(base: str, camera: str) -> str:
    """Where the images are for a choice of base and camera."""
    return BASES[base].camera if camera == NO_DRIVER else IMAGE


def camera_info_topic(base: str, camera: str) -> str:
    """Where the CameraInfo is for a choice of base and camera."""
    return BASES[base].camera_info if camera == NO_DRIVER else CAMERA_INFO
