# SPDX-License-Identifier: Apache-2.0
"""Somebody who says what to do and writes down each command with the time at which it came."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TwistStamped
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from vla_node.messages import to_nanoseconds

INSTRUCTION = "go to the red ball"
TIMES = ("inference_ms", "preprocess_ms", "queue_wait_ms")
"""Of each inference, from the arrival of its image to its actions in all."""
REPEAT_S = 0.05
"""Within two seconds it is the same task: so the node hears it as soon as it can hear."""


class Operator(Node):
    """Keeps stamp, arrival and values of every command, and the timings of each inference.

    Args:
        inferences: whether it listens to these; a textbook's node has none.
    """

    def __init__(self, inferences: bool) -> None:
        super().__init__("operator")
        self.commands: list[tuple[int, int, float, float]] = []
        self.inferences: list[tuple[float, ...]] = []
        self._voice = self.create_publisher(String, "instruction", 10)
        self.create_subscription(TwistStamped, "vla/cmd_vel", self._on_command, 10)
        if inferences:
            self.create_subscription(DiagnosticArray, "vla/inference", self._on_inference, 10)
        self.create_timer(REPEAT_S, self._speak)

    def _speak(self) -> None:
        self._voice.publish(String(data=INSTRUCTION))

    def _on_command(self, message: TwistStamped) -> None:
        now = time.time_ns()
        twist = message.twist
        stamp = to_nanoseconds(message.header.stamp)
        self.commands.append((stamp, now, twist.linear.x, twist.angular.z))

    def _on_inference(self, message: DiagnosticArray) -> None:
        values = {each.key: each.value for each in message.status[0].values}
        row = [float(values[name]) for name in TIMES]
        self.inferences.append((to_nanoseconds(message.header.stamp), *row))

    def save(self, path: Path) -> None:
        """Write everything to a file of NumPy's."""
        stamps = np.array([row[:2] for row in self.commands], dtype=np.int64).reshape(-1, 2)
        values = np.array([row[2:] for row in self.commands]).reshape(-1, 2)
        inferences = np.array([row[0] for row in self.inferences], dtype=np.int64)
        times = np.array([row[1:] for row in self.inferences]).reshape(-1, len(TIMES))
        np.savez(path, stamps=stamps, values=values, inferences=inferences, times_ms=times)


def main() -> None:
    """Listen for the given time, then write down what came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0, help="counted from the first one")
    parser.add_argument("--patience", type=float, default=60.0, help="until the first command")
    parser.add_argument("--commands-alone", action="store_true", help="hear of no inference")
    options = parser.parse_args()
    rclpy.init()
    node = Operator(inferences=not options.commands_alone)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end_s = time.monotonic() + options.patience
    try:
        while rclpy.ok() and time.monotonic() < end_s:
            first = not node.commands
            executor.spin_once(timeout_sec=0.1)
            if first and node.commands:
                end_s = time.monotonic() + options.seconds
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.save(options.file)
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
