# SPDX-License-Identifier: Apache-2.0
"""Between messages and the simulator's own types: conversion and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Quaternion
from nav_msgs.msg import Odometry as OdometryMessage
from sensor_msgs.msg import CameraInfo, Image, LaserScan
from std_msgs.msg import String

from vla_sim.geometry import Odometry, Pose
from vla_sim.realtime import Target
from vla_sim.robot import Camera, Lidar
from vla_sim.room import Room

WORLD_FRAME = "world"

# Variances of x [m^2], y and yaw [rad^2] of wheels that slip a little; filters of the field
# refuse odometry that claims to be exact. Of what a base on a floor cannot do: nothing known.
_VARIANCE_XY = 1e-3
_VARIANCE_YAW = 1e-2
_UNKNOWN = 1e6
_COVARIANCE = np.diag(
    [_VARIANCE_XY, _VARIANCE_XY, _UNKNOWN, _UNKNOWN, _UNKNOWN, _VARIANCE_YAW]
).ravel()


def target_from_twist(twist: Any) -> Target | None:
    """The speeds of a geometry_msgs/Twist; None if any of its six numbers is not finite."""
    numbers = [getattr(vector, axis) for vector in (twist.linear, twist.angular) for axis in "xyz"]
    return Target(twist.linear.x, twist.angular.z) if all(map(math.isfinite, numbers)) else None


class ImageMessage:
    """One Image message, filled anew for each frame.

    Its pixels are copied once, into the message's own buffer: nothing is allocated for a frame,
    and nothing is checked byte by byte.
    """

    def __init__(self, width: int, height: int, frame_id: str) -> None:
        self.message = Image(
            width=width, height=height, encoding="rgb8", step=3 * width, is_bigendian=0
        )
        self.message.header.frame_id = frame_id
        self.message.data = bytes(3 * width * height)  # the message makes an array of it
        self._pixels = np.frombuffer(self.message.data, dtype=np.uint8)
        self._pixels = self._pixels.reshape(height, width, 3)

    def fill(self, frame: npt.NDArray[np.uint8], stamp: Any) -> Image:
        """The message with this frame, [height, width, 3] RGB; valid until the next call."""
        np.copyto(self._pixels, frame)
        self.message.header.stamp = stamp
        return self.message


def camera_info(camera: Camera, frame_id: str) -> CameraInfo:
    """The intrinsics of a pinhole without distortion; the stamp is left to the caller."""
    column, row = camera.centre
    focal = camera.focal
    info = CameraInfo(width=camera.width, height=camera.height, distortion_model="plumb_bob")
    info.header.frame_id = frame_id
    info.d = [0.0] * 5
    info.k = [focal, 0.0, column, 0.0, focal, row, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [focal, 0.0, column, 0.0, 0.0, focal, row, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def laser_scan(
    ranges: npt.NDArray[np.float32], lidar: Lidar, rate_hz: float, frame_id: str, stamp: Any
) -> LaserScan:
    """A turn of the scanner, [rays] m; inf where nothing is in range, as REP 117 has it."""
    scan = LaserScan(
        angle_min=lidar.angle_min,
        angle_max=lidar.angle_min + (lidar.rays - 1) * lidar.angle_increment,
        angle_increment=lidar.angle_increment,
        scan_time=1.0 / rate_hz,
        range_min=lidar.range_min,
        range_max=lidar.range_max,
        ranges=ranges.tolist(),
    )
    scan.header.stamp = stamp
    scan.header.frame_id = frame_id
    return scan


def odometry(wheels: Odometry, frame_id: str, child_frame_id: str, stamp: Any) -> OdometryMessage:
    """What the wheels report: the pose in `frame_id`, the twist in `child_frame_id`."""
    pose, speed = Pose(wheels.x, wheels.y, wheels.yaw), (wheels.linear, wheels.angular)
    message = _odometry(pose, speed, frame_id, child_frame_id, stamp)
    message.pose.covariance = _COVARIANCE
    message.twist.covariance = _COVARIANCE
    return message


def ground_truth(
    pose: Pose, speed: tuple[float, float], child_frame_id: str, stamp: Any
) -> OdometryMessage:
    """Where the base really is in the world, exactly: its covariance is zero."""
    return _odometry(pose, speed, WORLD_FRAME, child_frame_id, stamp)


def _odometry(
    pose: Pose, speed: tuple[float, float], frame_id: str, child_frame_id: str, stamp: Any
) -> OdometryMessage:
    message = OdometryMessage(child_frame_id=child_frame_id)
    message.header.stamp = stamp
    message.header.frame_id = frame_id
    message.pose.pose.position.x = pose.x
    message.pose.pose.position.y = pose.y
    message.pose.pose.orientation = Quaternion(
        x=0.0, y=0.0, z=math.sin(pose.yaw / 2), w=math.cos(pose.yaw / 2)
    )
    message.twist.twist.linear.x, message.twist.twist.angular.z = speed
    return message


def room_message(room: Room) -> String:
    """The room as JSON, which `Room.from_dict` reads."""
    return String(data=json.dumps(room.to_dict()))


def diagnostics(
    level: bytes, message: str, values: Mapping[str, float | int], hardware_id: str, stamp: Any
) -> DiagnosticArray:
    """The one status of the simulator, with plain numbers."""
    status = DiagnosticStatus(
        level=level,
        name="vla_sim: Simulation",
        message=message,
        hardware_id=hardware_id,
        values=list(_pairs(values)),
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array


def _pairs(values: Mapping[str, float | int]) -> Iterator[KeyValue]:
    for key, value in values.items():
        yield KeyValue(key=key, value=f"{value:.3f}" if isinstance(value, float) else str(value))
