# SPDX-License-Identifier: Apache-2.0
"""Conversion between ROS messages and the plain values of the gate, and nothing else."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist, TwistStamped, Vector3

from vla_safety.instant import SECOND_NS
from vla_safety.status import NAME, Status
from vla_safety.velocity import Velocity


def velocity_from(twist: Twist) -> Velocity:
    """The six fields of `twist`, whatever they are."""
    linear, angular = twist.linear, twist.angular
    return Velocity(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)


def twist_from(velocity: Velocity) -> Twist:
    """`velocity` as a message."""
    return Twist(
        linear=Vector3(x=velocity.linear_x, y=velocity.linear_y, z=velocity.linear_z),
        angular=Vector3(x=velocity.angular_x, y=velocity.angular_y, z=velocity.angular_z),
    )


def stamped_twist_from(velocity: Velocity, clock_ns: int, frame_id: str) -> TwistStamped:
    """`velocity` as a message with the stamp `clock_ns` [ns, node clock]."""
    message = TwistStamped(twist=twist_from(velocity))
    message.header.stamp = time_from(clock_ns)
    message.header.frame_id = frame_id
    return message


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
