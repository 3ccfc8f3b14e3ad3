# SPDX-License-Identifier: Apache-2.0
"""The one publisher of commands: to the gate, or straight to the base."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode

from vla_node import messages, qos, topics
from vla_node.parameters import Settings
from vla_node.pilot import Command


class CommandOutput:
    """Publishes commands where and as the settings say.

    To the gate a command carries the stamp of its image, so that the gate can judge its age. A
    base takes the stamp of a TwistStamped for the time of the command, so there it is now.
    """

    def __init__(self, node: LifecycleNode, settings: Settings) -> None:
        self._gated = settings.gated
        stamped = settings.gated or settings.enable_stamped_cmd_vel
        # One message for all commands: its five objects need not be made anew for each.
        self._message: Any = TwistStamped() if stamped else Twist()
        self._twist = self._message.twist if stamped else self._message
        self._header = self._message.header if stamped else None
        if self._header is not None:
            self._header.frame_id = settings.base_frame
        topic = topics.GATED_COMMAND if settings.gated else topics.DIRECT_COMMAND
        self.publisher: Any = node.create_lifecycle_publisher(
            type(self._message), topic, qos.COMMAND
        )

    def publish(self, command: Command, now_ns: int) -> None:
        """Send `command`; `now_ns` is the node clock."""
        messages.fill_twist(self._twist, command)
        if self._header is not None:
            self._header.stamp = messages.to_stamp(command.stamp if self._gated else now_ns)
        self.publisher.publish(self._message)

    def flush(self, timeout_s: float = 0.2) -> None:
        """Wait until the receivers have the last command, but not for long."""
        self.publisher.wait_for_all_acked(Duration(seconds=timeout_s))
