# SPDX-License-Identifier: Apache-2.0
"""The least that a node can do: an image comes, a Twist goes, and nobody looks at the image.

Without options it is what a tutorial has: the message as rclpy makes it, reliable, `rclpy.spin`.
With ``--ours`` it has the quality of service and the executor of our node; with ``--raw`` the
message stays as it came, and only its stamp is read.
"""

from __future__ import annotations

import argparse
from typing import Any

import rclpy
from geometry_msgs.msg import TwistStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image

from vla_node import cdr, executors, messages, qos


class Floor(Node):
    """Answers each image with a command that carries its stamp, by which the two are matched."""

    def __init__(self, ours: bool, raw: bool) -> None:
        super().__init__("floor")
        self._raw = raw
        if ours:
            profile, command = qos.image("best_effort", 1), qos.COMMAND
        else:
            profile = command = QoSProfile(depth=10, reliability=QoSReliabilityPolicy.RELIABLE)
        self._command = TwistStamped()
        self._output = self.create_publisher(TwistStamped, "vla/cmd_vel", command)
        self.create_subscription(Image, "camera/image_raw", self._on_image, profile, raw=raw)

    def _on_image(self, message: Any) -> None:
        if self._raw:
            stamp = messages.to_stamp(cdr.read_image(message).stamp)
        else:
            stamp = message.header.stamp
        self._command.header.stamp = stamp
        self._output.publish(self._command)


def main() -> None:
    """Answer until the end is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", action="store_true")
    parser.add_argument("--raw", action="store_true")
    parser.add_argument("--executor", default=executors.DEFAULT, choices=executors.NAMES)
    options = parser.parse_args()
    rclpy.init()
    node = Floor(options.ours, options.raw)
    try:
        if options.ours:
            executors.spin(node, options.executor, until=lambda: not rclpy.ok())
        else:
            rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
