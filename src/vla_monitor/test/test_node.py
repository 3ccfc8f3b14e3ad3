# SPDX-License-Identifier: Apache-2.0
"""The wiring: real topics in, real diagnostics out."""

import os
import time

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Float64, String

from vla_monitor import messages, qos, topics
from vla_monitor.errors import ParameterError
from vla_monitor.node import MonitorNode, main

DOMAIN_ID = 20 + os.getpid() % 40
INFERENCE = {
    "preprocess_ms": 1.0,
    "inference_ms": 12.5,
    "queue_wait_ms": 1.0,
    "age_ms": 30.0,
    "action_norm": 0.5,
    "images_received": 10,
    "images_dropped": 5,
    "failures": 0,
}


@pytest.fixture
def context():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=DOMAIN_ID)
    yield context
    context.try_shutdown()


class Robot(Node):
    """Publishes what a robot would, and keeps what the monitor answers."""

    def __init__(self, context):
        super().__init__("robot", context=context, namespace="r1")
        self.camera = self.create_publisher(CameraInfo, topics.CAMERA_INFO, 5)
        self.inference = self.create_publisher(DiagnosticArray, topics.INFERENCE, 10)
        self.policy = self.create_publisher(TwistStamped, topics.POLICY_COMMAND, 1)
        self.command = self.create_publisher(Twist, topics.COMMAND, 1)
        self.gate = self.create_publisher(DiagnosticStatus, topics.GATE_STATE, qos.LATCHED)
        self.told = self.create_publisher(String, topics.INSTRUCTION, 10)
        self.statuses, self.ages_ms = {}, []
        self.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, 10)
        self.create_subscription(Float64, topics.PLOT_AGE_MS, self._on_age, 10)
        self.create_timer(0.02, self._on_timer)

    def _on_diagnostics(self, message):
        self.statuses.update({status.name: status for status in message.status})

    def _on_age(self, message):
        self.ages_ms.append(message.data)

    def _on_timer(self):
        stamp = self.get_clock().now().to_msg()
        info, command = CameraInfo(), TwistStamped()
        info.header.stamp = command.header.stamp = stamp
        values = [KeyValue(key=key, value=str(value)) for key, value in INFERENCE.items()]
        status = DiagnosticStatus(name=messages.INFERENCE_STATUS, values=values)
        self.camera.publish(info)
        self.inference.publish(DiagnosticArray(status=[status]))
        self.policy.publish(command)
        self.command.publish(Twist())


def spin(nodes, context, until, timeout_s=15.0):
    executor = SingleThreadedExecutor(context=context)
    for node in nodes:
        executor.add_node(node)
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s and not until():
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    for node in nodes:
        node.destroy_node()


def test_topics_of_a_robot_in_a_namespace_become_diagnostics_and_plots(context):
    robot = Robot(context)
    robot.gate.publish(DiagnosticStatus(level=DiagnosticStatus.ERROR, message="e-stop"))
    monitor = MonitorNode(
        context=context,
        namespace="r1",
        parameter_overrides=[rclpy.Parameter("robot_name", value="r1")],
    )
    robot.told.publish(String(data="go to the red ball"))

    def told():
        inference = robot.statuses.get("vla_monitor: Inference")
        gate = robot.statuses.get("vla_monitor: Gate")
        if inference is None or gate is None or not robot.ages_ms:
            return False
        rate_known = messages.values_of(inference)["rate_hz"] != "nan"
        return rate_known and messages.level_of(gate) == 2

    spin([robot, monitor], context, told)
    assert told()
    assert {status.hardware_id for status in robot.statuses.values()} == {"r1"}
    assert messages.values_of(robot.statuses["vla_monitor: Inference"])["p50_ms"] == "12.500"
    assert robot.statuses["vla_monitor: Gate"].message == "vla_safety: e-stop"
    assert 0.0 <= min(robot.ages_ms) < 1000.0
    assert len(robot.statuses) == 7


def test_a_bad_parameter_is_refused_at_start(context):
    with pytest.raises(ParameterError, match="wnidow_s is not a parameter"):
        MonitorNode(context=context, parameter_overrides=[rclpy.Parameter("wnidow_s", value=3.0)])


def test_main_says_one_sentence_and_fails_for_a_bad_parameter(capsys):
    assert main(["--ros-args", "-p", "window_s:=-1.0"]) == 1
    assert capsys.readouterr().err == "vla_monitor: window_s must be in [1, 80] s (got -1)\n"


def test_main_says_one_sentence_for_a_missing_parameter_file(capsys):
    assert main(["--ros-args", "--params-file", "/no/such/file.yaml"]) == 1
    error = capsys.readouterr().err
    assert "/no/such/file.yaml" in error
    assert "Traceback" not in error
