# SPDX-License-Identifier: Apache-2.0
"""The node vla_monitor: topics in; /diagnostics, plottable numbers, metrics and a log out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Float64, String

from vla_monitor import messages, qos, topics
from vla_monitor.errors import MonitorError, ParameterError
from vla_monitor.event_log import Moment
from vla_monitor.exporter import Exporter
from vla_monitor.gpu import Gpus
from vla_monitor.monitor import Cadence, Monitor
from vla_monitor.parameters import read_settings
from vla_monitor.process import EndSignals, run, start
from vla_monitor.recorder import Recorder
from vla_monitor.report import Report
from vla_monitor.resources import ProcessTable

NAME = "vla_monitor"
PUBLISH_PERIOD_S = 1.0
RESOURCES_PERIOD_S = 0.5
LOG_PERIOD_S = 10.0


class MonitorNode(Node):
    """Wires the topics to a Monitor. Raises ParameterError for a bad parameter."""

    def __init__(self, **kwargs: Any) -> None:
        try:
            super().__init__(NAME, automatically_declare_parameters_from_overrides=True, **kwargs)
        except ValueError as error:  # rclpy's word for an empty list; it does not name it
            raise ParameterError(f"{_without_type(**kwargs)} must not be empty") from error
        self._settings = read_settings(self)
        self._monitor = Monitor(self._settings, time.monotonic())
        self._recorder = (
            Recorder(self._settings, self._moment) if self._settings.event_log_enabled else None
        )
        names = self._settings.process_names
        self._processes = ProcessTable(names, self.get_namespace())
        self._gpus = Gpus()
        self._exporter = self._make_exporter()
        self._image_topic = self.resolve_topic_name(topics.IMAGE)
        tick_s = 1.0 / self._settings.check_rate_hz
        self._cadence = Cadence(PUBLISH_PERIOD_S, early_s=tick_s / 2)
        self._make_publishers()
        self._make_subscriptions()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(tick_s, self._on_tick, clock=steady)
        self.create_timer(RESOURCES_PERIOD_S, self._on_resources, clock=steady)
        self._monitor.journal.lifecycle("start", "the monitor starts", {"pid": os.getpid()})

    def _make_exporter(self) -> Exporter | None:
        address, port = self._settings.prometheus_address, self._settings.prometheus_port
        if not port:
            return None
        try:
            return Exporter(address, port, self._monitor.metrics.text)
        except OSError as error:  # nothing that the robot should be without its monitor for
            self.get_logger().error(
                f"no /metrics: cannot listen on {address}:{port} ({error});"
                " set prometheus.address and prometheus.port (0: off)"
            )
            return None

    def _make_publishers(self) -> None:
        self._diagnostics = self._publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS)
        plotted = (*topics.EVENT_PLOTS, *(topic for topic, _, _ in topics.REPORT_PLOTS))
        self._plots = {topic: self._publisher(Float64, topic, qos.PLOT) for topic in plotted}

    def _make_subscriptions(self) -> None:
        # Images are counted by camera_info, which carries the same stamps in a few hundred
        # bytes: a second reader of the images would cost the transport 7 MB/s (320x240, 30 Hz),
        # also where it leaves them serialised. So this is the camera's rate; what the transport
        # loses on the way to the policy shows in vla_node's images_received. Of these, too, only
        # the stamp is unpacked: rclpy would copy and check five arrays of each.
        self._listen(CameraInfo, topics.CAMERA_INFO, self._on_camera_info, raw=True)
        self._listen(DiagnosticArray, topics.INFERENCE, self._on_inference)
        self._listen(TwistStamped, topics.POLICY_COMMAND, self._on_policy_command)
        if self._settings.enable_stamped_cmd_vel:
            self._listen(TwistStamped, topics.COMMAND, self._on_stamped_command)
        else:
            self._listen(Twist, topics.COMMAND, self._on_command)
        self._listen(DiagnosticStatus, topics.GATE_STATE, self._on_gate_state, qos.LATCHED)
        self._listen(DiagnosticStatus, topics.GATE_EVENTS, self._on_gate_event, qos.EVENTS)
        self._listen(String, topics.INSTRUCTION, self._on_instruction, qos.INSTRUCTION)
        self._listen(DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, qos.DIAGNOSTICS)

    # rclpy's default event callbacks would put two more things to wait for behind every topic,
    # which the executor walks through at each of 120 messages a second: most of the node's CPU
    # time. What they warn of, an incompatible QoS, cannot happen with what is asked for here.

    def _publisher(self, kind: type, topic: str, profile: QoSProfile) -> Publisher:
        events = PublisherEventCallbacks(use_default_callbacks=False)
        return self.create_publisher(kind, topic, profile, event_callbacks=events)

    def _listen(
        self,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        profile: QoSProfile = qos.STREAM,
        raw: bool = False,
    ) -> None:
        events = SubscriptionEventCallbacks(use_default_callbacks=False)
        self.create_subscription(kind, topic, callback, profile, event_callbacks=events, raw=raw)

    def _on_camera_info(self, serialized: bytes) -> None:
        stamp_ns = messages.stamp_off_the_wire(serialized)
        if stamp_ns is None:
            self.get_logger().warning(
                f"a message of {len(serialized)} bytes on {topics.CAMERA_INFO} is refused:"
                " expected a stamp in plain CDR",
                throttle_duration_sec=LOG_PERIOD_S,
            )
            return
        self._monitor.image(stamp_ns, self._now_ns(), time.monotonic())

    def _on_inference(self, message: DiagnosticArray) -> None:
        sample = messages.inference_sample(message)
        distance = self._monitor.inference(sample, time.monotonic())
        if sample is None:
            self.get_logger().warning(
                f"a message on {topics.INFERENCE} lacks the status {messages.INFERENCE_STATUS!r}"
                " or one of its numbers: is vla_node of the same version?",
                throttle_duration_sec=LOG_PERIOD_S,
            )
            return
        self._plot(topics.PLOT_INFERENCE_MS, sample.inference_ms)
        self._plot(topics.PLOT_PREPROCESS_MS, sample.preprocess_ms)
        self._plot(topics.PLOT_QUEUE_WAIT_MS, sample.queue_wait_ms)
        self._plot(topics.PLOT_ACTION_NORM, sample.action_norm)
        self._plot(topics.PLOT_ACTION_DISTANCE, distance)

    def _on_policy_command(self, message: TwistStamped) -> None:
        stamp_ns = messages.stamp_to_ns(message.header.stamp)
        age_ms = self._monitor.policy_command(stamp_ns, self._now_ns(), time.monotonic())
        self._plot(topics.PLOT_POLICY_AGE_MS, age_ms)

    def _on_command(self, message: Twist) -> None:
        self._note_command(message, self._now_ns())

    def _on_stamped_command(self, message: TwistStamped) -> None:
        self._note_command(message.twist, messages.stamp_to_ns(message.header.stamp))

    def _note_command(self, twist: Twist, at_ns: int) -> None:
        age_ms = self._monitor.command(at_ns, time.monotonic(), messages.moves(twist))
        self._plot(topics.PLOT_AGE_MS, age_ms)

    def _on_gate_state(self, message: DiagnosticStatus) -> None:
        level, values = messages.level_of(message), messages.values_of(message)
        self._monitor.gate_state(level, message.message, values, time.monotonic())
        self._write_events()

    def _on_gate_event(self, message: DiagnosticStatus) -> None:
        level, values = messages.level_of(message), messages.values_of(message)
        self._monitor.gate_event(level, message.message, values, time.monotonic())
        self._write_events()

    def _on_instruction(self, message: String) -> None:
        self._monitor.instruction(message.data, time.monotonic())
        self._write_events()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._monitor.statuses(messages.statuses_of_others(message, self._settings.robot_name))

    def _on_resources(self) -> None:
        self._monitor.processes(self._processes.sample(time.monotonic()))
        self._monitor.gpus(self._gpus.sample())

    def _on_tick(self) -> None:
        now_s = time.monotonic()
        reports = self._monitor.reports(now_s, self._image_topic)
        if self._recorder is not None:
            reports.append(self._recorder.report(now_s))
        self._monitor.journal.reports(reports)
        if self._cadence.due(reports, now_s):
            self._publish(reports)
        self._write_events()

    def _publish(self, reports: Sequence[Report]) -> None:
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(
            messages.diagnostic_array(reports, self._settings.robot_name, stamp)
        )
        self._monitor.metrics.show(reports)
        values = {report.subject: report.values for report in reports}
        for topic, subject, key in topics.REPORT_PLOTS:
            number = values[subject][key]
            assert not isinstance(number, str)
            self._plot(topic, float(number))

    def _write_events(self) -> None:
        events = self._monitor.journal.take()
        if self._recorder is None or not events:
            return
        self._recorder.write(events)
        if self._recorder.error:
            self.get_logger().error(self._recorder.error, throttle_duration_sec=LOG_PERIOD_S)

    def _plot(self, topic: str, value: float | None) -> None:
        if value is not None:
            self._plots[topic].publish(Float64(data=value))

    def _moment(self) -> Moment:
        return Moment(time.time(), 1e-9 * self._now_ns(), time.monotonic())

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    def close(self) -> None:
        """Writes the last events down and gives back what the node holds."""
        self._monitor.journal.lifecycle("stop", "the monitor ends", {"pid": os.getpid()})
        self._write_events()
        if self._recorder is not None:
            self._recorder.close()
        if self._exporter is not None:
            self._exporter.close()
        self.destroy_node()


def _without_type(**kwargs: Any) -> str:
    """Which of the given parameters are empty lists, so that their type is not known."""
    node = Node(NAME, **kwargs)
    overrides = node._parameter_overrides
    node.destroy_node()
    return ", ".join(n for n, p in overrides.items() if p.type_ is Parameter.Type.NOT_SET)


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
            print(f"{NAME}: {error}", file=sys.stderr)
            return 1
        finally:
            if node is not None:
                node.close()
            rclpy.try_shutdown()
    return 0
