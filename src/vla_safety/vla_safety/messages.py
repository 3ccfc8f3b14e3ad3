# SPDX-License-Identifier: Apache-2.0
"""Conversion between ROS messages and the plain values of the gate, and nothing else."""

from __future__ import annotations

import struct
import zlib
from math import atan2, isfinite

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist, TwistStamped
from sensor_msgs.msg import LaserScan

from vla_safety.clearance import Points
from vla_safety.errors import ScanError, WireError
from vla_safety.instant import SECOND_NS
from vla_safety.odometry import Odometry
from vla_safety.status import NAME, Status
from vla_safety.velocity import Velocity

# Plain CDR (DDSI-RTPS 2.5, 10.2.1.2): four bytes that name the encoding, then the fields, each at
# a multiple of its size behind these four.
_HEADER = 4
_BYTE_ORDERS = {b"\x00": ">", b"\x01": "<"}


def velocity_from(twist: Twist) -> Velocity:
    """The six fields of `twist`, whatever they are."""
    linear, angular = twist.linear, twist.angular
    return Velocity(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)


def twist_from(velocity: Velocity) -> Twist:
    """`velocity` as a message."""
    message = Twist()  # filled in place, which takes half as long as building it of vectors
    linear, angular = message.linear, message.angular
    linear.x, linear.y, linear.z = velocity[:3]
    angular.x, angular.y, angular.z = velocity[3:]
    return message


def stamped_twist_from(velocity: Velocity, clock_ns: int, frame_id: str) -> TwistStamped:
    """`velocity` as a message with the stamp `clock_ns` [ns, node clock]."""
    message = TwistStamped(twist=twist_from(velocity))
    message.header.stamp = time_from(clock_ns)
    message.header.frame_id = frame_id
    return message


def points_from(scan: LaserScan) -> tuple[Points, Points]:
    """Where `scan` sees something, [N, 2] in its own frame [m], and the bearings that tell, [M].

    By REP 117: inf, and all beyond range_max, is nothing; -inf is something too close to be
    measured, here at range_min. NaN and any other range below range_min say nothing; a scan of
    these alone is refused, for a scanner that is blind has not seen a free way.

    Raises:
        ScanError: the scan is nonsense.
    """
    _check_geometry(scan)
    ranges = np.array(scan.ranges, dtype=np.float64)
    ranges[ranges == -np.inf] = scan.range_min
    tells = (ranges >= scan.range_min) & (ranges > 0.0)
    if not tells.any():
        raise ScanError(f"there must be a valid range (got {len(ranges)}, none of them valid)")
    angles = scan.angle_min + scan.angle_increment * np.arange(len(ranges))
    bearings = angles[tells]
    seen = tells & (ranges <= scan.range_max) & np.isfinite(ranges)
    ranges, angles = ranges[seen], angles[seen]
    return np.stack((ranges * np.cos(angles), ranges * np.sin(angles)), axis=1), bearings


def odometry_from(serialized: bytes, arrived_ns: int) -> Odometry:
    """Pose and velocity of a nav_msgs/Odometry as it came over the wire, at `arrived_ns` [steady].

    Unpacking it whole, with its two matrices of covariances, fifty times a second costs as much
    as all checks together.

    Raises:
        WireError: it is too short, or no plain CDR.
    """
    order = _byte_order(serialized)
    body = memoryview(serialized)[_HEADER:]
    try:
        at = 8  # behind the stamp
        for _ in ("header.frame_id", "child_frame_id"):
            at += -at % 4
            (length,) = struct.unpack_from(f"{order}I", body, at)
            at += 4 + length
        at += -at % 8
        x, y, _, *turn = struct.unpack_from(f"{order}7d", body, at)
        velocity = struct.unpack_from(f"{order}6d", body, at + 8 * (7 + 36))
    except struct.error as error:
        raise WireError(f"an odometry message of {len(serialized)} bytes is too short") from error
    return Odometry(x, y, _yaw(*turn), Velocity(*velocity), arrived_ns)


def picture_from(serialized: bytes) -> tuple[int, int]:
    """Stamp [ns] and digest of a sensor_msgs/Image as it came over the wire.

    Unpacking a whole image thirty times a second would take longer than all else that the gate
    does.

    Raises:
        WireError: it is too short, or no plain CDR.
    """
    try:
        stamp = struct.unpack_from(f"{_byte_order(serialized)}iI", serialized, _HEADER)
    except struct.error as error:
        raise WireError(f"an image of {len(serialized)} bytes is too short") from error
    return stamp[0] * SECOND_NS + stamp[1], zlib.crc32(memoryview(serialized)[_HEADER + 8 :])


def _byte_order(serialized: bytes) -> str:
    """Of `struct`, by the second byte."""
    try:
        return _BYTE_ORDERS[serialized[1:2]]
    except KeyError:
        named = serialized[:2].hex() or "nothing"
        raise WireError(f"expected plain CDR (0000 or 0001), got {named}") from None


def _yaw(x: float, y: float, z: float, w: float) -> float:
    """Heading [rad] of a quaternion."""
    return atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def _check_geometry(scan: LaserScan) -> None:
    if not (isfinite(scan.angle_min) and isfinite(scan.angle_increment) and scan.angle_increment):
        raise ScanError(
            "angle_min and angle_increment must be numbers, the increment not 0 "
            f"(got {scan.angle_min}, {scan.angle_increment})"
        )
    if not (isfinite(scan.range_min) and scan.range_max > scan.range_min):
        raise ScanError(
            "range_min and range_max must be numbers, the first less than the second "
            f"(got {scan.range_min}, {scan.range_max})"
        )


def nanoseconds_from(stamp: Time) -> int:
    """`stamp` in nanoseconds."""
    return stamp.sec * SECOND_NS + stamp.nanosec


def time_from(clock_ns: int) -> Time:
    """`clock_ns` as a stamp."""
    return Time(sec=clock_ns // SECOND_NS, nanosec=clock_ns % SECOND_NS)


def diagnostic_from(status: Status, hardware_id: str) -> DiagnosticStatus:
    """`status` as a message of the gate."""
    return DiagnosticStatus(
        level=bytes([status.level]),
        name=NAME,
        message=status.message,
        hardware_id=hardware_id,
        values=[KeyValue(key=key, value=value) for key, value in status.values.items()],
    )


def diagnostics_from(diagnostic: DiagnosticStatus, clock_ns: int) -> DiagnosticArray:
    """`diagnostic` in an array with the stamp `clock_ns` [ns, node clock]."""
    message = DiagnosticArray(status=[diagnostic])
    message.header.stamp = time_from(clock_ns)
    return message
