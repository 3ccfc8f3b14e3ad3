# SPDX-License-Identifier: Apache-2.0
"""The gate's quality-of-service profiles, each with the reason for it."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _keep_last(
    depth: int,
    durability: DurabilityPolicy = DurabilityPolicy.VOLATILE,
    reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
) -> QoSProfile:
    return QoSProfile(
        depth=depth,
        history=HistoryPolicy.KEEP_LAST,
        reliability=reliability,
        durability=durability,
    )


# Only the newest command counts: a queue would replay the past after a pause.
COMMAND = _keep_last(1)
# The same, from tools that may be best-effort.
TELEOP = _keep_last(1, reliability=ReliabilityPolicy.BEST_EFFORT)
# Hears senders of either kind; the next message is worth more than the last one once more.
SENSOR = _keep_last(1, reliability=ReliabilityPolicy.BEST_EFFORT)
# Latched: what the policy was told before the gate came is what it does now.
INSTRUCTION = _keep_last(1, DurabilityPolicy.TRANSIENT_LOCAL)
# A short press is two messages; the first must not be overwritten by the second.
E_STOP = _keep_last(10)
# Latched: whoever joins late must learn at once what the gate is doing.
STATE = _keep_last(1, DurabilityPolicy.TRANSIENT_LOCAL)
# Deep enough for every event of a bad second.
EVENTS = _keep_last(100)
DIAGNOSTICS = _keep_last(10)
