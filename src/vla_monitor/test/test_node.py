# SPDX-License-Identifier: Apache-2.0
"""The wiring: real topics in; real diagnostics, plots, metrics and events out."""

import json
import os
import socket
import time
import urllib.request

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
SUBJECTS = (
    *("Camera", "Inference", "Action", "Policy Command", "Command", "Gate", "Interventions"),
    *("Instruction", "Processes", "Event Log"),
)
STATUSES = {f"vla_monitor: {subject}" for subject in SUBJECTS} | {"/r1/camera/image_raw"}
PLOTS = {*topics.EVENT_PLOTS, *(topic for topic, _, _ in topics.REPORT_PLOTS)}
INFERENCE = {
    "preprocess_ms": 1.0,
    "inference_ms": 12.5,
    "queue_wait_ms": 1.0,
    "age_ms": 30.0,
    "action_norm": 0.5,
    "images_received": 10,
    "images_dropped": 5,
    "images_repeated": 0,
    "failures": 0,
    "chunk_overruns": 0,
    "action.linear.x": 0.4,
    "action.angular.z": 0.3,
}
TRAINING = {
    "action.training.axes": ["linear.x", "angular.z"],
    "action.training.mean": [0.08, 0.37],
    "action.training.std": [0.25, 0.42],
}
DISTANCE = (((0.32 / 0.25) ** 2 + (0.07 / 0.42) ** 2) / 2) ** 0.5


@pytest.fixture
def context():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=DOMAIN_ID)
    yield context
    context.try_shutdown()


@pytest.fixture
def start_monitor(context, tmp_path):
    """Starts a monitor that leaves its traces in a folder of the test alone."""
    quiet = {"event_log.directory": str(tmp_path), "prometheus.port": 0}

    def start(**parameters):
        overrides = [
            rclpy.Parameter(name, value=value) for name, value in {**quiet, **parameters}.items()
        ]
        return MonitorNode(context=context, namespace="r1", parameter_overrides=overrides)

    return start


class Robot(Node):
    """Publishes what a robot would, and keeps what the monitor answers."""

    def __init__(self, context):
        super().__init__("robot", context=context, namespace="r1")
        self.camera = self.create_publisher(CameraInfo, topics.CAMERA_INFO, 5)
        self.inference = self.create_publisher(DiagnosticArray, topics.INFERENCE, 10)
        self.policy = self.create_publisher(TwistStamped, topics.POLICY_COMMAND, 1)
        self.command = self.create_publisher(Twist, topics.COMMAND, 1)
        self.gate = self.create_publisher(DiagnosticStatus, topics.GATE_STATE, qos.LATCHED)
        self.events = self.create_publisher(DiagnosticStatus, topics.GATE_EVENTS, 100)
        self.told = self.create_publisher(String, topics.INSTRUCTION, qos.LATCHED)
        self.statuses, self.ages_ms, self.plots = {}, [], {}
        self.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, 10)
        for topic in PLOTS:
            self.create_subscription(Float64, topic, self._plot_of(topic), 10)
        self.create_timer(0.02, self._on_timer)

    def _on_diagnostics(self, message):
        self.statuses.update({status.name: status for status in message.status})

    def _plot_of(self, topic):
        return lambda number: self.plots.update({topic: number.data})

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


def spin(robot, monitor, context, until, timeout_s=15.0):
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(robot)
    executor.add_node(monitor)
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s and not until():
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    monitor.close()
    robot.destroy_node()


def test_topics_of_a_robot_in_a_namespace_become_diagnostics_and_plots(context, start_monitor):
    robot = Robot(context)
    robot.gate.publish(DiagnosticStatus(level=DiagnosticStatus.ERROR, message="e-stop"))
    monitor = start_monitor(robot_name="r1", **TRAINING)
    robot.told.publish(String(data="go to the red ball"))

    def told():
        if STATUSES - set(robot.statuses) or PLOTS - set(robot.plots):
            return False
        inference, gate = (
            robot.statuses[f"vla_monitor: {name}"] for name in ("Inference", "Gate")
        )
        rate_known = messages.values_of(inference)["rate_hz"] != "nan"
        return rate_known and messages.level_of(gate) == 2

    spin(robot, monitor, context, told)
    assert told()
    assert set(robot.statuses) == STATUSES
    assert {status.hardware_id for status in robot.statuses.values()} == {"r1"}
    assert max(messages.level_of(status) for status in robot.statuses.values()) < 3  # STALE
    assert messages.values_of(robot.statuses["vla_monitor: Inference"])["p50_ms"] == "12.500"
    assert robot.statuses["vla_monitor: Gate"].message == "vla_safety: e-stop"
    camera = messages.values_of(robot.statuses["/r1/camera/image_raw"])
    assert float(camera["frame_rate_node"]) > 1.0
    assert 0.0 <= robot.plots[topics.PLOT_AGE_MS] < 1000.0
    assert robot.plots[topics.PLOT_INFERENCE_MS] == 12.5
    assert robot.plots[topics.PLOT_ACTION_DISTANCE] == pytest.approx(DISTANCE)


def lines_of(folder):
    return [
        json.loads(line)
        for path in folder.glob("events_*.jsonl")
        for line in path.read_text().splitlines()
    ]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_what_happens_is_counted_for_prometheus_and_written_down(context, start_monitor, tmp_path):
    robot, port = Robot(context), free_port()
    monitor = start_monitor(**{"prometheus.port": port})

    def scraped():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def told():
        robot.told.publish(String(data="go to the red ball"))
        check = KeyValue(key="check", value="obstacle")
        robot.events.publish(
            DiagnosticStatus(level=DiagnosticStatus.WARN, message="too near", values=[check])
        )
        kinds = {line["event"] for line in lines_of(tmp_path)}
        return kinds >= {"instruction", "intervention"} and 'reason="obstacle"' in scraped()

    spin(robot, monitor, context, told)
    lines = lines_of(tmp_path)
    assert (lines[0]["event"], lines[-1]["event"]) == ("start", "stop")
    instructions = [line for line in lines if line["event"] == "instruction"]
    assert [line["values"]["text"] for line in instructions] == ["go to the red ball"]
    intervention = next(line for line in lines if line["event"] == "intervention")
    assert (intervention["message"], intervention["level"]) == ("too near", "WARN")
    assert intervention["ros_time_s"] == pytest.approx(time.time(), abs=60.0)
    assert intervention["steady_time_s"] == pytest.approx(time.monotonic(), abs=60.0)


def test_a_port_in_use_leaves_the_monitor_running(start_monitor):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        start_monitor(**{"prometheus.port": other.getsockname()[1]}).close()


def test_a_bad_parameter_is_refused_at_start(start_monitor):
    with pytest.raises(ParameterError, match="wnidow_s is not a parameter"):
        start_monitor(wnidow_s=3.0)


WRONG = {
    "window_s: -1.0": "window_s must be in [1, 80] s (got -1)",
    "window_s: long": "window_s must be a float (got 'long' of type str)",
    "windows_s: 20.0": "windows_s is not a parameter of vla_monitor: did you mean window_s?",
    "camera: {rate_hz: {warn: 1.0}}": (
        "camera.rate_hz: warn must be >= error (got warn 1, error 10)"
    ),
    "processes: {names: vla_node}": "processes.names must be a list (got 'vla_node')",
    "prometheus: {port: 123456}": "prometheus.port must be in [0, 65535] (got 123456)",
    "processes: {names: []}": "processes.names must not be empty",
    "event_log: {files: 0}": "event_log.files must be in [1, 100] (got 0)",
}


def started_with(tmp_path, line):
    path = tmp_path / "wrong.yaml"
    path.write_text(f"/**/vla_monitor:\n  ros__parameters:\n    {line}\n")
    return main(["--ros-args", "--params-file", str(path)])


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_parameter_file_gives_a_sentence_that_names_the_key(tmp_path, capsys, line):
    assert started_with(tmp_path, line) == 1
    assert capsys.readouterr().err == f"vla_monitor: {WRONG[line]}\n"


@pytest.mark.parametrize("line", ["window_s:", "window_s: [1, a"])
def test_a_line_that_is_no_yaml_is_shown(tmp_path, capsys, line):
    assert started_with(tmp_path, line) == 1
    error = capsys.readouterr().err
    assert line.split(":")[0] in error
    assert error.startswith("vla_monitor: ")
    assert "Traceback" not in error


def test_main_says_one_sentence_for_a_missing_parameter_file(capsys):
    assert main(["--ros-args", "--params-file", "/no/such/file.yaml"]) == 1
    error = capsys.readouterr().err
    assert "/no/such/file.yaml" in error
    assert "Traceback" not in error
