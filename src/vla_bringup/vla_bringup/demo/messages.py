# SPDX-License-Identifier: Apache-2.0
"""ROS messages as what the witness remembers, and nothing else."""

from __future__ import annotations

import io
import math
from typing import Any

from PIL import Image

from vla_bringup.demo.sightings import Sent, Truth
from vla_sim.geometry import Pose

JPEG_QUALITY = 85


def stamp_ns(header: Any) -> int:
    """The stamp of a std_msgs/Header [ns]."""
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)


def to_truth(odometry: Any, at_s: float, collisions: int) -> Truth:
    """A nav_msgs/Odometry of the simulation as where the robot really is."""
    position = odometry.pose.pose.position
    turn = odometry.pose.pose.orientation
    twist = odometry.twist.twist
    yaw = math.atan2(
        2.0 * (turn.w * turn.z + turn.x * turn.y),
        1.0 - 2.0 * (turn.y * turn.y + turn.z * turn.z),
    )
    return Truth(
        at_s=at_s,
        stamp_s=stamp_ns(odometry.header) * 1e-9,
        pose=Pose(position.x, position.y, yaw),
        linear=twist.linear.x,
        angular=twist.angular.z,
        collisions=collisions,
    )


def to_sent(command: Any, at_s: float) -> Sent:
    """A Twist or TwistStamped of the gate."""
    twist = getattr(command, "twist", command)
    return Sent(at_s, twist.linear.x, twist.angular.z)


def to_jpeg(image: Any) -> bytes:
    """The pixels of an rgb8 sensor_msgs/Image, small enough to keep hundreds of them."""
    picture = Image.frombytes("RGB", (image.width, image.height), bytes(image.data))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
