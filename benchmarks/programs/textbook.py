# SPDX-License-Identifier: Apache-2.0
"""The inference node as a textbook has it, with our network in it.

Everything happens in the image's callback: cv_bridge makes an array, the sentence is encoded, the
network runs eagerly in float32, and the first action is published; nothing else is done until
then. Queues are ten deep, reliable, and the transport is the distribution's default. The robot
stands still, so its pose needs no odometry.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import rclpy
import torch
from cv_bridge import CvBridge
from geometry_msgs.msg import TwistStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image

from vla_node.messages import to_nanoseconds
from vla_policy.checkpoint import find_checkpoint, load_model, read_config
from vla_policy.image import resize_image
from vla_policy.memory import Memory, Sight
from vla_policy.pose import STATE_DIM
from vla_policy.sentence import SentenceEncoder
from vla_policy.surroundings import Surroundings

STANDING = np.zeros(STATE_DIM, dtype=np.float32)


class TextbookNode(Node):
    """Image in, command out, one after the other."""

    def __init__(self, directory: Path, instruction: str) -> None:
        super().__init__("textbook")
        self._config = read_config(directory)
        self._model = load_model(directory)
        self._encoder = SentenceEncoder(cache_size=0)
        self._instruction = instruction
        self._memory, self._surroundings = Memory(), Surroundings()
        self._bridge = CvBridge()
        self._output = self.create_publisher(TwistStamped, "vla/cmd_vel", 10)
        self.create_subscription(Image, "camera/image_raw", self._on_image, 10)

    def _on_image(self, message: Image) -> None:
        sizes = self._config.model
        image = self._bridge.imgmsg_to_cv2(message, desired_encoding="rgb8")
        image = resize_image(image, sizes.image_height, sizes.image_width)
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None, None]
        memory, surroundings = self._memory, self._surroundings
        stamp = to_nanoseconds(message.header.stamp)
        remembered = [memory.features(STANDING), surroundings.features(STANDING)]
        with torch.no_grad():
            look = self._model.look(
                pixels,
                torch.from_numpy(self._encoder.tokens([self._instruction])),
                torch.from_numpy(memory.state(STANDING))[None],
                torch.from_numpy(np.concatenate(remembered))[None],
                torch.tensor([memory.stage]),
            )
        normalised = look.actions[0].numpy()  # [horizon, action_dim]
        standing = memory.stands(normalised, STANDING, stamp)
        normalised[np.abs(normalised) < self._config.deadband] = 0.0
        ahead, left = look.spot[0].tolist()
        sight = Sight(int(look.mode[0].argmax()), (ahead, left), bool(look.more[0] > 0.0))
        if memory.take(sight, standing, STANDING, stamp):
            normalised[:] = 0.0
        assert look.ranges is not None
        surroundings.take(look.ranges[0].numpy(), STANDING, stamp)
        spec = self._config.action
        steered = surroundings.steer(spec.unnormalise(normalised), STANDING, spec)
        linear, angular = steered[0]
        command = TwistStamped()
        command.header.stamp = message.header.stamp
        command.twist.linear.x, command.twist.angular.z = float(linear), float(angular)
        self._output.publish(command)


def main() -> None:
    """Answer until the end is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy")
    parser.add_argument("--instruction", required=True)
    options = parser.parse_args()
    rclpy.init()
    node = TextbookNode(find_checkpoint(options.policy), options.instruction)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
