# SPDX-License-Identifier: Apache-2.0
"""Everything that the gate listens to, and the services that it offers."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from sensor_msgs.msg import Image, LaserScan
from std_msgs.msg import Bool, Float32, String
from std_srvs.srv import SetBool, Trigger

from vla_safety import messages, qos, topics
from vla_safety.answer import Answer
from vla_safety.errors import SafetyError, ScanError, WireError
from vla_safety.gate import Gate
from vla_safety.reporting import Reporter
from vla_safety.source import Profile

# A sensor that sends nonsense does so many times a second.
REFUSED_LOG_PERIOD_S = 5.0


class Inputs:
    """Hands what `node` hears to `gate`, with the time of its arrival."""

    def __init__(self, node: Node, gate: Gate, reporter: Reporter) -> None:
        self._node = node
        self._gate = gate
        self._reporter = reporter
        for profile in gate.settings.profiles:
            self._listen_to(profile)
        self._listen_to_sensors()
        self._listen_to_people()

    def _listen_to(self, profile: Profile) -> None:
        kind, callback = (
            (TwistStamped, self._on_stamped) if profile.stamped else (Twist, self._on_plain)
        )
        self._node.create_subscription(
            kind,
            profile.topic,
            partial(callback, profile.name),
            qos.COMMAND if profile.learned else qos.TELEOP,
        )

    def _listen_to_sensors(self) -> None:
        # Best-effort subscribers fit every publisher: rclpy's watch for those that do not fit
        # would only cost time at every turn of the executor.
        listen = partial(
            self._node.create_subscription,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )
        listen(LaserScan, topics.SCAN, self._on_scan, qos.SENSOR)
        listen(Odometry, topics.ODOMETRY, self._on_odometry, qos.SENSOR, raw=True)
        listen(Float32, topics.UNCERTAINTY, self._on_uncertainty, qos.SENSOR)
        if any(check.name == "frozen_camera" for check in self._gate.settings.checks):
            listen(Image, topics.IMAGE, self._on_image, qos.SENSOR, raw=True)

    def _listen_to_people(self) -> None:
        node = self._node
        node.create_subscription(String, topics.INSTRUCTION, self._on_instruction, qos.INSTRUCTION)
        node.create_subscription(
            Bool,
            topics.E_STOP,
            self._on_e_stop,
            qos.E_STOP,
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_deaf_e_stop),
        )
        node.create_service(Trigger, topics.E_STOP_TRIGGER, self._on_e_stop_trigger)
        node.create_service(Trigger, topics.E_STOP_RESET, self._on_e_stop_reset)
        node.create_service(SetBool, topics.ARM, self._on_arm)

    def _clock_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _on_stamped(self, source: str, message: TwistStamped) -> None:
        self._gate.receive(
            messages.velocity_from(message.twist),
            messages.nanoseconds_from(message.header.stamp),
            time.monotonic_ns(),
            self._clock_ns(),
            source,
        )

    def _on_plain(self, source: str, message: Twist) -> None:
        clock_ns = self._clock_ns()  # a Twist has no stamp: it is as old as its arrival
        velocity = messages.velocity_from(message)
        self._gate.receive(velocity, clock_ns, time.monotonic_ns(), clock_ns, source)

    def _on_scan(self, message: LaserScan) -> None:
        try:
            points, bearings = messages.points_from(message)
        except ScanError as error:
            self._refuse("a scan", error)
            return
        self._gate.receive_scan(
            points,
            messages.nanoseconds_from(message.header.stamp),
            time.monotonic_ns(),
            self._clock_ns(),
            bearings,
        )

    def _on_odometry(self, serialized: bytes) -> None:
        try:
            odometry = messages.odometry_from(serialized, time.monotonic_ns())
        except WireError as error:
            self._refuse("odometry", error)
            return
        self._gate.receive_odometry(odometry)

    def _on_image(self, serialized: bytes) -> None:
        try:
            stamp_ns, digest = messages.picture_from(serialized)
        except WireError as error:
            self._refuse("an image", error)
            return
        self._gate.senses.take_picture(stamp_ns, digest, time.monotonic_ns())

    def _refuse(self, what: str, error: SafetyError) -> None:
        self._node.get_logger().warning(
            f"{what} is refused: {error}", throttle_duration_sec=REFUSED_LOG_PERIOD_S
        )

    def _on_uncertainty(self, message: Float32) -> None:
        self._gate.senses.take_uncertainty(message.data, time.monotonic_ns())

    def _on_instruction(self, message: String) -> None:
        self._reporter.note_instruction(message.data)

    def _on_e_stop(self, message: Bool) -> None:
        self._gate.press_e_stop(message.data, time.monotonic_ns())

    def _on_deaf_e_stop(self, _: Any) -> None:
        """An e-stop that cannot be heard is a pressed e-stop."""
        self._gate.estop.latch(
            f"a publisher of {topics.E_STOP} is best-effort, which the gate cannot rely on; "
            "make it reliable"
        )

    def _on_e_stop_trigger(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        self._gate.estop.latch(f"{topics.E_STOP_TRIGGER} was called")
        return self._answered(response, Answer(True, "e-stop latched"))

    def _on_e_stop_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._answered(response, self._gate.reset_estop(time.monotonic_ns()))

    def _on_arm(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        return self._answered(response, self._gate.arm(request.data))

    def _answered(self, response: Any, answer: Answer) -> Any:
        response.success, response.message = answer
        self._node.get_logger().info(answer.sentence)
        return response
