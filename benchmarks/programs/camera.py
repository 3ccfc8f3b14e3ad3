# SPDX-License-Identifier: Apache-2.0
"""A camera: publishes a still picture with fresh stamps at a steady rate.

It may say along with each picture that it stands still, too: a node that hears of no odometry
takes the robot to go as it is told, and no network answers the same everywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import time

import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image

from vla_node.messages import from_rgb, to_stamp

DEPTH = 5


def picture(width: int, height: int) -> np.ndarray:
    """Something with edges and colours, always the same ``[H, W, 3]``."""
    rows, columns = np.mgrid[0:height, 0:width]
    red, green = (columns * 7) % 256, (rows * 5) % 256
    return np.stack([red, green, (red + green) // 2], axis=2).astype(np.uint8)


def main() -> None:
    """Publish until the end is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--topics", nargs="+", default=["camera/image_raw"])
    parser.add_argument("--odometry", action="store_true")
    options = parser.parse_args()
    rclpy.init()
    node = rclpy.create_node("camera")
    profile = QoSProfile(depth=DEPTH, reliability=QoSReliabilityPolicy.RELIABLE)
    publishers = [node.create_publisher(Image, topic, profile) for topic in options.topics]
    wheels = node.create_publisher(Odometry, "odom", profile) if options.odometry else None
    message = from_rgb(picture(options.width, options.height), 0, "camera")
    period_s = 1.0 / options.rate
    due_s = time.monotonic()
    try:
        while rclpy.ok():
            # Where a reliable subscriber lags too far behind, Fast DDS loses an image; once the
            # end is asked for, nothing can be published any more.
            for publisher in publishers:
                message.header.stamp = to_stamp(time.time_ns())
                with contextlib.suppress(RuntimeError):
                    publisher.publish(message)
            if wheels is not None:
                with contextlib.suppress(RuntimeError):
                    wheels.publish(Odometry(header=message.header))
            due_s = max(due_s + period_s, time.monotonic() - period_s)
            time.sleep(max(0.0, due_s - time.monotonic()))
    except KeyboardInterrupt:
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
