# SPDX-License-Identifier: Apache-2.0
"""Quality of service of each topic, with the reason for it."""

from __future__ import annotations

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy


def _profile(reliability: QoSReliabilityPolicy, depth: int) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=QoSDurabilityPolicy.VOLATILE,
    )


_RELIABILITIES = {
    "best_effort": QoSReliabilityPolicy.BEST_EFFORT,
    "reliable": QoSReliabilityPolicy.RELIABLE,
}


def image(reliability: str, depth: int) -> QoSProfile:
    """As configured; by default the newest image, by best effort, which hears every driver."""
    return _profile(_RELIABILITIES[reliability], depth)


ODOMETRY = _profile(QoSReliabilityPolicy.BEST_EFFORT, 1)
"""A pose is absolute: the newest replaces what was missed."""

INSTRUCTION = _profile(QoSReliabilityPolicy.RELIABLE, 10)
"""What `ros2 topic pub` offers. Volatile: a sentence from before a restart moves nobody."""

COMMAND = _profile(QoSReliabilityPolicy.RELIABLE, 1)
"""Every command arrives, but an old one is never sent in place of a new one."""

TASK = QoSProfile(
    history=QoSHistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=QoSReliabilityPolicy.RELIABLE,
    durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
)
"""Latched: whoever joins late learns what the robot was told."""

PATH = _profile(QoSReliabilityPolicy.RELIABLE, 1)
"""A picture for people: the last one is enough."""

REPORT = _profile(QoSReliabilityPolicy.RELIABLE, 10)
"""Numbers that are counted downstream: none should be missing."""
