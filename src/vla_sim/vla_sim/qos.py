# SPDX-License-Identifier: Apache-2.0
"""The quality of service of every topic of the simulator, named, with the reason."""

from __future__ import annotations

from typing import Final

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

# Reliable, as camera and laser drivers offer it: it fits every subscriber, and a recorder that
# asks for it loses nothing. A subscriber that asks for best effort costs no retransmission.
SENSOR: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
)

# Best effort: fits every publisher. A command that is lost is replaced by the next one, and only
# the newest counts.
COMMAND: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
)

# Latched: what a judge that starts late must still learn.
LATCHED: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)

# Best effort and only the newest: a node that misses a time gets the next one 10 ms later.
CLOCK: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
)

# Reliable: what aggregators ask for by default.
DIAGNOSTICS: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE
)
