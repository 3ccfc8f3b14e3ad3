# SPDX-License-Identifier: Apache-2.0
"""The wiring: real physics and images out, real commands in, over real topics."""

import json
import os
import time

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, LaserScan
from std_msgs.msg import String, UInt32

from vla_sim import qos, topics
from vla_sim.node import SimulatorNode, main
from vla_sim.parameters import ParameterError
from vla_sim.room import Room

DOMAIN_ID = 20 + os.getpid() % 40


@pytest.fixture
def context():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=DOMAIN_ID)
    yield context
    context.try_shutdown()


class Witness(Node):
    """Keeps the newest message of every topic; drives when told to."""

    KINDS = (
        (Image, topics.IMAGE, qos.SENSOR),
        (CameraInfo, topics.CAMERA_INFO, qos.SENSOR),
        (LaserScan, topics.SCAN, qos.SENSOR),
        (Odometry, topics.ODOMETRY, qos.SENSOR),
        (Odometry, topics.GROUND_TRUTH, qos.SENSOR),
        (UInt32, topics.COLLISIONS, qos.LATCHED),
        (String, topics.ROOM, qos.LATCHED),
        (DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS),
    )

    def __init__(self, context):
        super().__init__("witness", context=context, namespace="r1")
        self.newest = {}
        for kind, topic, profile in self.KINDS:
            self.create_subscription(kind, topic, self._keeper(topic), profile)
        self.wheels = self.create_publisher(Twist, topics.COMMAND, 1)
        self.speed = None
        self.create_timer(0.02, self._drive)

    def _keeper(self, topic):
        return lambda message: self.newest.__setitem__(topic, message)

    def _drive(self):
        if self.speed is not None:
            twist = Twist()
            twist.angular.z = self.speed
            self.wheels.publish(twist)

    def turning(self):
        return self.newest[topics.ODOMETRY].twist.twist.angular.z


@pytest.fixture
def stage(context):
    """A simulator and a witness that run until a condition holds."""
    witness = Witness(context)
    overrides = [rclpy.Parameter("seed", value=3), rclpy.Parameter("robot_name", value="r1")]
    simulator = SimulatorNode(context=context, namespace="r1", parameter_overrides=overrides)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(witness)
    executor.add_node(simulator)

    def run(until, timeout_s=10.0):
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s and not until():
            executor.spin_once(timeout_sec=0.1)
        return until()

    yield witness, run
    executor.shutdown()
    simulator.close()
    witness.destroy_node()


def test_a_room_becomes_topics_and_the_base_obeys_until_commands_stop(stage):
    witness, run = stage
    assert run(lambda: len(witness.newest) == len(Witness.KINDS)), witness.newest.keys()
    image, info = witness.newest[topics.IMAGE], witness.newest[topics.CAMERA_INFO]
    assert (image.width, image.height, image.encoding) == (320, 240, "rgb8")
    assert np.frombuffer(image.data, np.uint8).std() > 5.0  # it shows something
    assert image.header.frame_id == info.header.frame_id
    assert len(witness.newest[topics.SCAN].ranges) == 360
    room = Room.from_dict(json.loads(witness.newest[topics.ROOM].data))
    assert room.seed == 3
    truth = witness.newest[topics.GROUND_TRUTH].pose.pose.position
    assert (truth.x, truth.y) == pytest.approx((room.start.x, room.start.y), abs=0.02)
    assert witness.newest[topics.COLLISIONS].data == 0
    (status,) = witness.newest[topics.DIAGNOSTICS].status
    assert status.hardware_id == "r1"

    witness.speed = 0.8
    assert run(lambda: witness.turning() > 0.7)
    witness.speed = float("nan")  # must not count as a command
    assert run(lambda: abs(witness.turning()) < 0.05, timeout_s=2.0)
    witness.speed = 0.8
    assert run(lambda: witness.turning() > 0.7)
    witness.speed = None
    assert run(lambda: abs(witness.turning()) < 0.05, timeout_s=2.0)


def test_a_bad_parameter_is_refused_at_start(context):
    with pytest.raises(ParameterError, match="sed is not a parameter"):
        SimulatorNode(context=context, parameter_overrides=[rclpy.Parameter("sed", value=3)])


def test_main_says_one_sentence_and_fails_for_a_bad_parameter(capsys):
    assert main(["--ros-args", "-p", "seed:=-1"]) == 1
    assert capsys.readouterr().err.startswith("vla_sim: seed must be in [0, ")


def test_main_says_one_sentence_for_a_missing_parameter_file(capsys):
    assert main(["--ros-args", "--params-file", "/no/such/file.yaml"]) == 1
    error = capsys.readouterr().err
    assert "/no/such/file.yaml" in error
    assert "Traceback" not in error
