# SPDX-License-Identifier: Apache-2.0
"""What turns the callbacks of a node."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

EVENTS, SINGLE = "events", "single_threaded"
NAMES = (EVENTS, SINGLE)
DEFAULT = EVENTS
"""The single-threaded one collects all entities of the node in Python before each wait: that takes
more of the processor than everything else that the node does."""
SPIN_TIMEOUT_S = 0.2


def make(name: str, context: Any = None) -> Any:
    """The executor of that name; the single-threaded one where rclpy has no other."""
    if name == EVENTS:
        try:
            from rclpy.experimental import EventsExecutor
        except ImportError:  # before Kilted
            return SingleThreadedExecutor(context=context)
        return EventsExecutor(context=context)
    return SingleThreadedExecutor(context=context)


SWITCH_INTERVAL_S = 0.0005
"""The policy's thread waits no longer than this for the interpreter; Python's own 5 ms are as long
as an inference."""


def spin(node: Node, name: str, until: Callable[[], bool]) -> None:
    """Turn the callbacks of `node` until somebody wants the end.

    Once a time, since `EventsExecutor.spin` delivers no callback and hears no signal.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    executor = make(name)
    executor.add_node(node)
    while not until():
        executor.spin_once(timeout_sec=SPIN_TIMEOUT_S)
