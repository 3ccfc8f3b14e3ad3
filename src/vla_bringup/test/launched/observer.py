# SPDX-License-Identifier: Apache-2.0
"""A node that sees what a launched robot does, and tells it what to do."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path

import psutil
import rclpy
from geometry_msgs.msg import Twist, TwistStamped
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import String
from std_srvs.srv import SetBool

LAUNCH_FILES = Path(__file__).parents[2] / "launch"
PATIENCE_S = 240.0
SAID_EVERY_S = 5.0

OURS = {
    "instruction": "std_msgs/msg/String",
    "vla/cmd_vel": "geometry_msgs/msg/TwistStamped",
    "vla/instruction": "std_msgs/msg/String",
    "vla/path": "nav_msgs/msg/Path",
    "vla/inference": "diagnostic_msgs/msg/DiagnosticArray",
    "vla_safety/state": "diagnostic_msgs/msg/DiagnosticStatus",
    "vla_safety/events": "diagnostic_msgs/msg/DiagnosticStatus",
    "/diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
}
"""Topics of every robot that our launch files bring up, and their types."""

SENSORS = {
    "camera/image_raw": "sensor_msgs/msg/Image",
    "camera/camera_info": "sensor_msgs/msg/CameraInfo",
    "scan": "sensor_msgs/msg/LaserScan",
    "odom": "nav_msgs/msg/Odometry",
}


def described(*files: tuple[str, dict[str, str]]) -> LaunchDescription:
    """A launch of several of our files, each in a group of its own with its arguments."""
    groups = [
        GroupAction(
            [
                IncludeLaunchDescription(
                    PythonLaunchDescriptionSource(str(LAUNCH_FILES / f"{name}.launch.py")),
                    launch_arguments=given.items(),
                )
            ]
        )
        for name, given in files
    ]
    return LaunchDescription([*groups, ReadyToTest()])


class Observer:
    """Listens in a thread of its own, until `close`."""

    def __init__(self, namespace: str = "", stamped: bool = False) -> None:
        if not rclpy.ok():
            rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node("observer", namespace=namespace)
        self.commands: list[tuple[float, float]] = []
        self.room: dict | None = None
        self._sent_off = 0
        kind = TwistStamped if stamped else Twist
        self._node.create_subscription(kind, "cmd_vel", self._on_command, 50)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._node.create_subscription(String, "sim/room", self._on_room, latched)
        self._instruction = self._node.create_publisher(String, "instruction", 10)
        self._arm = self._node.create_client(SetBool, "vla_safety/arm")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()

    def types(self) -> dict[str, list[str]]:
        """The types of all topics by full name."""
        return dict(self._node.get_topic_names_and_types())

    def lacking(self, wanted: dict[str, str]) -> dict[str, str]:
        """Those of `wanted` that are not there with their type."""
        there = self.types()
        return {
            name: kind
            for name, kind in wanted.items()
            if there.get(self._node.resolve_topic_name(name)) != [kind]
        }

    def arm(self) -> None:
        """Let the gate pass commands on."""
        until(self._arm.service_is_ready, "the gate's service")
        answer = self._arm.call_async(SetBool.Request(data=True))
        until(answer.done, "the gate's answer")
        assert answer.result().success, answer.result().message

    def send_off(self) -> None:
        """Tell the robot to go to the next thing of its room, until it moves.

        The sentence is sent again and again: a policy that is still loading does not hear it.
        """
        until(lambda: self.room is not None, "the room")
        objects = self.room["objects"]
        thing = objects[self._sent_off % len(objects)]
        self._sent_off += 1
        sentence = String(data=f"go to the {thing['colour']} {thing['shape']}")
        talker = self._node.create_timer(SAID_EVERY_S, lambda: self._instruction.publish(sentence))
        until(self.moves, "a motion")
        self._node.destroy_timer(talker)

    def moves(self) -> bool:
        return bool(self.commands) and self.commands[-1] != (0.0, 0.0)

    def stands(self) -> bool:
        return bool(self.commands) and self.commands[-1] == (0.0, 0.0)

    def _on_command(self, message) -> None:
        twist = getattr(message, "twist", message)
        self.commands.append((twist.linear.x, twist.angular.z))

    def _on_room(self, message: String) -> None:
        self.room = json.loads(message.data)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()


def until(condition, what: str) -> None:
    """Wait for something; the test fails where it does not come."""
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < limit, f"{what} did not come within {PATIENCE_S:g} s"
        time.sleep(0.05)


def processes(name: str) -> list[psutil.Process]:
    """The launched processes of one of our nodes."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if any(word.endswith(f"lib/{name}/{name}") for word in child.cmdline())
    ]
