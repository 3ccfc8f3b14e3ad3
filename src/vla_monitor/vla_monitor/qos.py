# SPDX-License-Identifier: Apache-2.0
"""The quality of service of every topic of the monitor, named, with the reason."""

from __future__ import annotations

from typing import Final

from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)

# Best effort: fits every publisher and never asks the robot to send anything twice.
STREAM: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.BEST_EFFORT
)

# Reliable and deep: every intervention of a bad second belongs in the event log.
EVENTS: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=100, reliability=ReliabilityPolicy.RELIABLE
)

# Latched: a monitor that starts late still learns what the robot was told; and each sentence
# belongs in the record.
INSTRUCTION: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)

# Latched: a monitor that starts late still learns in what state the gate is.
LATCHED: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)

# Reliable: what aggregators and plotting tools ask for by default.
DIAGNOSTICS: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE
)
PLOT: Final = DIAGNOSTICS
