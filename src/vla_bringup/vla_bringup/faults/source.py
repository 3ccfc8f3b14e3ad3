# SPDX-License-Identifier: Apache-2.0
"""Stands in for the policy: a process that sends commands at a rate, until it is ended.

python -m vla_bringup.faults.source --linear 0.5 --angular 0.0 --rate 30
"""

from __future__ import annotations

import argparse
import time

import rclpy
from geometry_msgs.msg import TwistStamped
from rclpy.executors import ExternalShutdownException
from rclpy.time import Time

from vla_bringup import topics

YOUNG_NS = 10**9


def main() -> None:
    """Send commands on a grid of times.

    After a pause the missed ones are sent at once, each with the stamp that it should have had:
    so does a source that works through its backlog. Those of the last second are left out, which
    are young enough to be believed.
    """
    asked = _arguments()
    rclpy.init()
    node = rclpy.create_node("faults_source")
    publisher = node.create_publisher(TwistStamped, topics.POLICY_COMMAND, 1)
    message = TwistStamped()
    message.twist.linear.x, message.twist.angular.z = asked.linear, asked.angular
    ahead_ns = node.get_clock().now().nanoseconds - time.monotonic_ns()
    period_ns = round(1e9 / asked.rate)
    due_ns = time.monotonic_ns()
    try:
        while rclpy.ok():
            message.header.stamp = Time(nanoseconds=due_ns + ahead_ns).to_msg()
            publisher.publish(message)
            due_ns += period_ns
            now_ns = time.monotonic_ns()
            if now_ns - due_ns <= YOUNG_NS:
                due_ns = max(due_ns, now_ns)
                time.sleep((due_ns - now_ns) / 1e9)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name, default in (("linear", 0.5), ("angular", 0.0), ("rate", 30.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
