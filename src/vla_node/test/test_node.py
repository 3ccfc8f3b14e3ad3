# SPDX-License-Identifier: Apache-2.0
"""The real node over real DDS, with a policy of the test's own."""

from __future__ import annotations

import array
import os
import signal
import threading
import time

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Path
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from vla_node import executors
from vla_node.messages import from_rgb, to_nanoseconds
from vla_node.node import InferenceNode
from vla_node.start import main

DOMAIN = 62 + os.getpid() % 40
EVERY_TASK = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PICTURE = np.full((12, 16, 3), 128, dtype=np.uint8)


class Robot(Node):
    """A camera at 30 Hz, somebody who speaks, and ears for all that the node says."""

    def __init__(self, context):
        super().__init__("robot", context=context)
        self.camera_runs = True
        self.sent, self.gated, self.direct = [], [], []
        self.inferences, self.statuses, self.paths, self.tasks = [], {}, [], []
        self._images = self.create_publisher(Image, "camera/image_raw", 5)
        self._instructions = self.create_publisher(String, "instruction", 10)
        self.create_subscription(TwistStamped, "vla/cmd_vel", self.gated.append, 10)
        self.create_subscription(Twist, "cmd_vel", self.direct.append, 10)
        self.create_subscription(DiagnosticArray, "vla/inference", self.inferences.append, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.create_subscription(Path, "vla/path", self.paths.append, 10)
        self.create_subscription(String, "vla/instruction", self._on_task, EVERY_TASK)
        self.create_timer(1 / 30, self._publish_image)

    @property
    def is_connected(self):
        """Whether the node hears both camera and instructions, and is heard."""
        return self.is_heard and self._images.get_subscription_count()

    @property
    def is_heard(self):
        """Whether the node hears instructions, and is heard."""
        heard = self.count_publishers("vla/cmd_vel") + self.count_publishers("cmd_vel")
        return heard and self._instructions.get_subscription_count()

    def _on_task(self, message):
        self.tasks.append(message.data)

    def say(self, text):
        self._instructions.publish(String(data=text))

    def send_image(self, message):
        self._images.publish(message)

    def forget(self):
        for heard in (self.gated, self.direct, self.inferences, self.paths):
            heard.clear()

    def _publish_image(self):
        if self.camera_runs:
            stamp = self.get_clock().now().nanoseconds
            self.sent.append(stamp)
            self.send_image(from_rgb(PICTURE, stamp))

    def _on_diagnostics(self, message):
        self.statuses.update({status.name: status for status in message.status})


class World:
    """The robot and the node in one executor, which the test turns."""

    def __init__(self, executor):
        self.context = Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self.executor = executors.make(executor, context=self.context)
        self.robot = Robot(self.context)
        self.executor.add_node(self.robot)
        self.node = None

    def start(self, policy, wait=True, **settings):
        overrides = [Parameter(name, value=value) for name, value in settings.items()]
        self.node = InferenceNode(
            policy_loader=lambda name, **options: policy,
            context=self.context,
            parameter_overrides=overrides,
        )
        self.executor.add_node(self.node)
        assert self.node.autostart()
        policy.observations.clear()
        self.until(lambda: self.robot.is_connected or not wait)

    def until(self, condition, timeout_s=5.0):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.executor.spin_once(timeout_sec=0.02)

    def run(self, duration_s):
        deadline = time.monotonic() + duration_s
        while time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.02)

    def close(self):
        if self.node is not None:
            assert self.node.close()
        self.robot.destroy_node()
        self.executor.shutdown()
        rclpy.shutdown(context=self.context)


@pytest.fixture(params=executors.NAMES)
def world(monkeypatch, request):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    world = World(request.param)
    yield world
    world.close()


def moving(commands):
    return [command for command in commands if command.twist.linear.x != 0.0]


def test_images_become_commands_that_carry_their_stamps(world, make_policy):
    policy, robot = make_policy(), world.robot
    world.start(policy, gated=True)
    world.run(0.2)
    assert robot.gated == []
    robot.say("go to the red ball")
    world.until(lambda: len(moving(robot.gated)) > 10 and robot.paths and robot.inferences)
    command = moving(robot.gated)[-1]
    assert to_nanoseconds(command.header.stamp) in robot.sent
    assert command.header.frame_id == "base_link"
    assert command.twist.linear.x == pytest.approx(0.3)
    assert policy.prepared == ["stop", "go to the red ball"]

    inference = robot.inferences[-1]
    assert to_nanoseconds(inference.header.stamp) in robot.sent
    assert inference.status[0].name == "vla_node: Inference"
    values = {value.key: float(value.value) for value in inference.status[0].values}
    assert set(values) == {
        *("preprocess_ms", "inference_ms", "queue_wait_ms", "age_ms", "action_norm"),
        *("images_received", "images_dropped", "images_repeated", "failures", "chunk_overruns"),
        *("action.linear.x", "action.angular.z"),
    }
    ok = DiagnosticStatus.OK
    world.until(lambda: [each.level for each in robot.statuses.values()] == [ok, ok])


def test_command_goes_out_while_the_executor_is_busy(world, make_policy, monkeypatch):
    policy = make_policy()
    world.start(policy, gated=True)
    world.robot.say("go to the red ball")
    world.until(lambda: moving(world.robot.gated))
    policy.may_answer.clear()
    policy.observations.clear()
    world.until(lambda: policy.observations)
    sent = []
    monkeypatch.setattr(
        world.node._output,
        "publish",
        lambda command, now_ns: sent.append((threading.current_thread().name, command.stamp)),
    )
    policy.may_answer.set()  # from here on nobody turns the executor
    deadline = time.monotonic() + 5.0
    while not sent and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sent == [("inference", policy.observations[0].stamp)]


def test_what_fails_behind_the_policy_ends_the_node(world, make_policy, monkeypatch):
    policy = make_policy()
    world.start(policy, gated=True)

    def take(result, steady_ns):
        raise RuntimeError("nobody can take this")

    monkeypatch.setattr(world.node._session, "take", take)
    world.robot.say("go to the red ball")
    with pytest.raises(RuntimeError, match="nobody can take this"):
        world.until(lambda: False)
    monkeypatch.undo()


def test_failing_model_sends_nothing_for_its_image_and_is_counted(world, make_policy):
    policy, robot = make_policy(), world.robot
    world.start(policy, gated=True)
    robot.say("go")
    world.until(lambda: moving(robot.gated) and robot.inferences)
    policy.error = RuntimeError("broken")
    world.until(lambda: robot.inferences[-1].status[0].level == DiagnosticStatus.ERROR)
    failed = {
        to_nanoseconds(each.header.stamp)
        for each in robot.inferences
        if each.status[0].level == DiagnosticStatus.ERROR
    }
    world.until(lambda: robot.gated[-1].twist == Twist())
    assert not failed & {to_nanoseconds(command.header.stamp) for command in moving(robot.gated)}
    world.until(lambda: "broken" in robot.statuses["vla_node: Inference"].message)

    policy.error = None
    robot.forget()
    world.until(lambda: moving(robot.gated) and robot.inferences)
    values = {pair.key: pair.value for pair in robot.inferences[-1].status[0].values}
    assert float(values["failures"]) >= 1


def test_new_instruction_drops_the_old_chunk_and_empty_or_refused_ones_stop(world, make_policy):
    policy, robot = make_policy(), world.robot
    world.start(policy, gated=True)
    robot.say("go")
    world.until(lambda: moving(robot.gated))

    policy.may_answer.clear()
    world.run(0.1)
    robot.say("turn left")
    world.until(lambda: robot.gated[-1].twist == Twist())
    policy.action = (-0.2, 0.5)
    policy.observations.clear()
    robot.forget()
    policy.may_answer.set()
    world.until(lambda: moving(robot.gated))
    assert all(command.twist.linear.x < 0.0 for command in moving(robot.gated))
    assert policy.observations[-1].instruction == "turn left"

    for words in ("", "a" * 10_000):
        robot.say("go")
        world.until(lambda: moving(robot.gated[-1:]))
        robot.say(words)
        world.until(lambda: robot.gated[-1].twist == Twist())
        world.run(0.1)
        robot.forget()
        policy.observations.clear()
        world.run(0.3)
        assert len(robot.gated) > 5
        assert not moving(robot.gated)
        assert policy.observations == []
    world.until(lambda: robot.tasks == ["go", "turn left", "go", "", "go", ""])
    world.until(lambda: "refused" in robot.statuses["vla_node: Instruction"].message)
    assert robot.statuses["vla_node: Instruction"].level == DiagnosticStatus.ERROR


def test_node_alone_drives_the_base_and_leaves_it_stopped(world, make_policy):
    policy, robot = make_policy(), world.robot
    world.start(policy)
    robot.say("go")
    world.until(lambda: robot.direct and robot.direct[-1].linear.x > 0.0)
    assert robot.gated == []
    assert world.node.trigger_deactivate().name == "SUCCESS"
    world.until(lambda: robot.direct[-1] == Twist())
    count = len(robot.direct)
    world.run(0.2)
    assert len(robot.direct) == count

    world.node.trigger_activate()
    world.until(lambda: robot.is_connected)
    world.run(0.2)
    assert len(robot.direct) == count, "an old instruction must not move the robot"


def test_unreadable_images_stop_the_robot_and_do_no_harm(world, make_policy):
    policy, robot = make_policy(), world.robot
    world.start(policy, gated=True)
    robot.say("go")
    world.until(lambda: moving(robot.gated))
    robot.camera_runs = False
    good = from_rgb(PICTURE, robot.get_clock().now().nanoseconds)
    good.encoding = "smell8"
    robot.send_image(good)
    robot.send_image(Image(encoding="rgb8"))
    world.until(lambda: robot.gated[-1].twist == Twist(), timeout_s=2.0)
    world.until(lambda: "camera is silent" in robot.statuses["vla_node: Inference"].message)
    robot.camera_runs = True
    world.until(lambda: moving(robot.gated[-1:]))


def test_compressed_images_are_driven_by_too(world, make_policy):
    policy, robot = make_policy(), world.robot
    robot.camera_runs = False
    jpegs = robot.create_publisher(CompressedImage, "camera/image_raw/compressed", 5)
    _, data = cv2.imencode(".jpg", PICTURE)
    parameters = {"camera.transport": "compressed", "camera.reliability": "reliable"}
    world.start(policy, wait=False, gated=True, **parameters)
    world.until(lambda: jpegs.get_subscription_count() and robot.is_heard)
    robot.say("go")

    def drive():
        message = CompressedImage(format="jpeg", data=array.array("B", data.tobytes()))
        message.header.stamp = robot.get_clock().now().to_msg()
        jpegs.publish(message)
        return moving(robot.gated)

    world.until(drive)
    assert policy.observations[-1].images.shape == (1, *PICTURE.shape)


def test_further_cameras_are_looked_at_and_waited_for(world, make_policy):
    policy, robot = make_policy(), world.robot
    policy.further_cameras = ("wrist",)
    wrist = robot.create_publisher(Image, "wrist/image_raw", 5)
    world.start(policy, gated=True, **{"camera.further_topics": ["wrist/image_raw"]})
    world.until(wrist.get_subscription_count)
    robot.say("go")
    world.run(0.2)
    assert not moving(robot.gated), "without the wrist's view there is no inference"
    world.until(lambda: "no image from wrist" in robot.statuses["vla_node: Inference"].message)

    def see():
        wrist.publish(from_rgb(PICTURE[:8], robot.get_clock().now().nanoseconds))
        return moving(robot.gated)

    world.until(see)
    further = policy.observations[-1].further_images
    assert {name: images.shape for name, images in further.items()} == {"wrist": (1, 8, 16, 3)}
    robot.forget()
    world.until(lambda: robot.gated and robot.gated[-1].twist == Twist())


def test_policy_for_other_actions_leaves_the_node_unconfigured(world, make_policy, spec):
    node = InferenceNode(
        policy_loader=lambda name, **options: make_policy(spec),
        context=world.context,
        parameter_overrides=[Parameter("action.names", value=["linear.y"])],
    )
    world.node = node
    assert not node.autostart()
    assert node._state_machine.current_state[1] == "unconfigured"
    changed = node.set_parameters([Parameter("threads", value=-3)])[0]
    assert not changed.successful
    assert "threads" in changed.reason


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "control_rate_hz:=-1.0"], "control_rate_hz must be from 1 to 200 Hz (got -1.0)"),
        (["-p", "policy:=/nowhere/at/all"], "/nowhere/at/all"),
        (["--params-file", "/nowhere/at/all.yaml"], "/nowhere/at/all.yaml"),
    ],
)
def test_bad_start_ends_non_zero_with_one_sentence(arguments, words, monkeypatch, capfd):
    monkeypatch.setenv("ROS_DOMAIN_ID", str(DOMAIN))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    assert main(["vla_node", "--ros-args", *arguments]) == 1
    said = capfd.readouterr().err
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_process_quietly(number, monkeypatch, capfd):
    monkeypatch.setenv("ROS_DOMAIN_ID", str(DOMAIN))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    before = signal.getsignal(number)
    threading.Timer(0.5, os.kill, (os.getpid(), number)).start()
    assert main(["vla_node", "--ros-args", "-p", "autostart:=false"]) == 0
    assert signal.getsignal(number) is before
    assert "Traceback" not in capfd.readouterr().err
