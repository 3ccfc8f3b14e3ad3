# SPDX-License-Identifier: Apache-2.0
"""The node vla_monitor: topics in, /diagnostics and plottable numbers out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Float64, String

from vla_monitor import messages, qos, topics
from vla_monitor.errors import MonitorError
from vla_monitor.monitor import Cadence, Monitor
from vla_monitor.parameters import read_settings
from vla_monitor.process import EndSignals, run, start

PUBLISH_PERIOD_S = 1.0


class MonitorNode(Node):
    """Wires the topics to a Monitor. Raises ParameterError for a bad parameter."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            "vla_monitor", automatically_declare_parameters_from_overrides=True, **kwargs
        )
        self._settings = read_settings(self)
        self._monitor = Monitor(self._settings, time.monotonic())
        tick_s = 1.0 / self._settings.check_rate_hz
        self._cadence = Cadence(PUBLISH_PERIOD_S, early_s=tick_s / 2)
        self._make_publishers()
        self._make_subscriptions()
        self.create_timer(tick_s, self._on_tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _make_publishers(self) -> None:
        self._diagnostics = self._publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS)
        self._plot_inference = self._publisher(Float64, topics.PLOT_INFERENCE_MS, qos.PLOT)
        self._plot_age = self._publisher(Float64, topics.PLOT_AGE_MS, qos.PLOT)
        self._plot_norm = self._publisher(Float64, topics.PLOT_ACTION_NORM, qos.PLOT)
        self._plot_rate = self._publisher(Float64, topics.PLOT_CAMERA_RATE_HZ, qos.PLOT)

    def _make_subscriptions(self) -> None:
        # Images are counted by camera_info, which carries the same stamps in a few hundred
        # bytes: a second reader of the images would cost the transport 7 MB/s (320x240, 30 Hz),
        # also where it leaves them serialised. So this is the camera's rate; what the transport
        # loses on the way to the policy shows in vla_node's images_received.
        self._listen(CameraInfo, topics.CAMERA_INFO, self._on_camera_info)
        self._listen(DiagnosticArray, topics.INFERENCE, self._on_inference)
        self._listen(TwistStamped, topics.POLICY_COMMAND, self._on_policy_command)
        if self._settings.enable_stamped_cmd_vel:
            self._listen(TwistStamped, topics.COMMAND, self._on_stamped_command)
        else:
            self._listen(Twist, topics.COMMAND, self._on_command)
        self.create_subscription(
            DiagnosticStatus, topics.GATE_STATE, self._on_gate_state, qos.LATCHED
        )
        self.create_subscription(String, topics.INSTRUCTION, self._on_instruction, qos.INSTRUCTION)

    # rclpy's default event callbacks would put two more things to wait for behind every topic,
    # which the executor walks through at each of 120 messages a second: most of the node's CPU
    # time. What they warn of, an incompatible QoS, cannot happen with what is asked for here.

    def _publisher(self, kind: type, topic: str, profile: QoSProfile) -> Publisher:
        events = PublisherEventCallbacks(use_default_callbacks=False)
        return self.create_publisher(kind, topic, profile, event_callbacks=events)

    def _listen(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        events = SubscriptionEventCallbacks(use_default_callbacks=False)
        self.create_subscription(kind, topic, callback, qos.STREAM, event_callbacks=events)

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._monitor.image(messages.stamp_to_ns(message.header.stamp), time.monotonic())

    def _on_inference(self, message: DiagnosticArray) -> None:
        sample = messages.inference_sample(message)
        self._monitor.inference(sample, time.monotonic())
        if sample is None:
            self.get_logger().warning(
                f"a message on {topics.INFERENCE} lacks the status {messages.INFERENCE_STATUS!r}"
                " or one of its numbers: is vla_node of the same version?",
                throttle_duration_sec=10.0,
            )
            return
        _plot(self._plot_inference, sample.inference_ms)
        _plot(self._plot_norm, sample.action_norm)

    def _on_policy_command(self, message: TwistStamped) -> None:
        stamp_ns = messages.stamp_to_ns(message.header.stamp)
        self._monitor.policy_command(stamp_ns, self._now_ns(), time.monotonic())

    def _on_command(self, _: Twist) -> None:
        self._note_command(self._now_ns())

    def _on_stamped_command(self, message: TwistStamped) -> None:
        self._note_command(messages.stamp_to_ns(message.header.stamp))

    def _note_command(self, at_ns: int) -> None:
        age_ms = self._monitor.command(at_ns, time.monotonic())
        if age_ms is not None:
            _plot(self._plot_age, age_ms)

    def _on_gate_state(self, message: DiagnosticStatus) -> None:
        level, values = messages.level_of(message), messages.values_of(message)
        self._monitor.gate_state(level, message.message, values)

    def _on_instruction(self, message: String) -> None:
        self._monitor.instruction(message.data, time.monotonic())

    def _on_tick(self) -> None:
        now_s = time.monotonic()
        rate_hz = self._monitor.camera_rate_hz(now_s)
        if rate_hz is not None:
            _plot(self._plot_rate, rate_hz)
        reports = self._monitor.reports(now_s)
        if self._cadence.due(reports, now_s):
            stamp = self.get_clock().now().to_msg()
            array = messages.diagnostic_array(reports, self._settings.robot_name, stamp)
            self._diagnostics.publish(array)

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds


def _plot(publisher: Publisher, value: float) -> None:
    publisher.publish(Float64(data=value))


def main(args: list[str] | None = None) -> int:
    """Runs the node until it is told to end; 1 when it cannot start, else 0."""
    node = None
    with EndSignals() as end:
        try:
            start(args)
            node = MonitorNode()
            run(node, end)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        except MonitorError as error:
            print(f"vla_monitor: {error}", file=sys.stderr)
            return 1
        finally:
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return 0
