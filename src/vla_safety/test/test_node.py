# SPDX-License-Identifier: Apache-2.0
"""The real node in a process of its own, over real DDS."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, LaserScan
from std_msgs.msg import Bool, Float32, String
from std_srvs.srv import SetBool, Trigger

import vla_safety
from vla_safety import qos, topics
from vla_safety.status import NAME

# Two domains: of the gate that the tests share, and of the gates that single tests start and end.
SHARED_DOMAIN = 20 + os.getpid() % 40
OTHER_DOMAIN = SHARED_DOMAIN + 40
STATE, EVENTS, ARM = (
    t.replace("~", "vla_safety") for t in (topics.STATE, topics.EVENTS, topics.ARM)
)
# Other work on the machine may delay both sides: what has a bound in time gets several chances.
TRIES = 5
STARTS_WITHIN_S = 60.0
PYTHONPATH = os.pathsep.join(
    [str(Path(vla_safety.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
)
# The e-stop latch of these gates is kept here, and not with that of the user's robot.
HOME = tempfile.TemporaryDirectory()
ENVIRONMENT = os.environ | {
    "ROS_HOME": HOME.name,
    "ROS_LOG_DIR": f"{HOME.name}/log",
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    "PYTHONPATH": PYTHONPATH,
}


def start_gate(domain, *parameters, **environment):
    """The gate with `parameters` ("name:=value"), as it runs on a robot."""
    arguments = [word for parameter in parameters for word in ("-p", parameter)]
    return subprocess.Popen(
        [sys.executable, "-m", "vla_safety.process", "--ros-args", *arguments],
        env=ENVIRONMENT | {"ROS_DOMAIN_ID": str(domain)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def double(name, value):
    number = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    return Parameter(name=name, value=number)


class World:
    """Everything around the gate: policy, person, robot base."""

    def __init__(self, domain, kind=Twist, beats=False):
        self.beats = beats  # whether the e-stop's publisher is alive all the time
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node("world", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.outputs, self.states, self.events, self.diagnostics = [], [], [], []
        self._hear(kind, topics.COMMAND, qos.COMMAND, self.outputs)
        self._hear(DiagnosticStatus, STATE, qos.STATE, self.states)
        self._hear(DiagnosticStatus, EVENTS, qos.EVENTS, self.events)
        self._hear(DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS, self.diagnostics)
        self.policy = self.node.create_publisher(TwistStamped, topics.POLICY_COMMAND, qos.COMMAND)
        self.scanner = self.node.create_publisher(LaserScan, topics.SCAN, qos.SENSOR)
        self.button = self.node.create_publisher(Bool, topics.E_STOP, qos.E_STOP)
        self.stick = self.node.create_publisher(Twist, topics.TELEOP_COMMAND, 1)
        self.odometer = self.node.create_publisher(Odometry, topics.ODOMETRY, 1)
        self.camera = self.node.create_publisher(Image, topics.IMAGE, 1)
        self.talk = self.node.create_publisher(String, topics.INSTRUCTION, qos.INSTRUCTION)
        uncertainty = topics.UNCERTAINTY.replace("~", "vla_safety")
        self.doubt = self.node.create_publisher(Float32, uncertainty, 1)

    def _hear(self, kind, topic, profile, messages):
        self.node.create_subscription(
            kind, topic, lambda m: messages.append((time.monotonic(), m)), profile
        )

    def send(self, x, z=0.0):
        message = TwistStamped()
        message.header.stamp = self.node.get_clock().now().to_msg()
        message.twist.linear.x, message.twist.angular.z = x, z
        self.policy.publish(message)

    def run(self, seconds, x=None, until=lambda: False):
        """Spin for `seconds`, or until something holds, sending `x` m/s at 30 Hz unless None."""
        end = time.monotonic() + seconds
        due = time.monotonic()
        while time.monotonic() < end and not until():
            if x is not None and time.monotonic() >= due:
                self.send(x)
                due += 1 / 30
            if self.beats:
                self.button.publish(Bool(data=False))
            self.executor.spin_once(timeout_sec=0.004)
        return until()

    def call(self, kind, name, request, x=None):
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(timeout_sec=20.0), name
        future = client.call_async(request)
        assert self.run(20.0, x, until=future.done), name
        self.node.destroy_client(client)
        return future.result()

    def arm(self, armed=True):
        return self.call(SetBool, ARM, SetBool.Request(data=armed))

    def set(self, name, value):
        request = SetParameters.Request(parameters=[double(name, value)])
        return self.call(SetParameters, "vla_safety/set_parameters", request).results[0]

    def set_together(self, **values):
        request = SetParametersAtomically.Request(
            parameters=[double(name.replace("__", "."), value) for name, value in values.items()]
        )
        name = "vla_safety/set_parameters_atomically"
        return self.call(SetParametersAtomically, name, request).result

    def speed(self):
        return self.outputs[-1][1].linear.x

    def message(self):
        return self.states[-1][1].message if self.states else None

    def until_state(self, message, x=None, seconds=10.0):
        assert self.run(seconds, x, until=lambda: self.message() == message), (
            f"{message!r} expected, got {self.message()!r}"
        )

    def until_speed(self, speed, x=None, seconds=10.0):
        assert self.run(seconds, x, until=lambda: self.outputs and self.speed() == speed), (
            f"{speed} m/s expected, got {self.speed()} m/s in state {self.message()!r}"
        )

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture(scope="module", autouse=True)
def local_discovery():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        yield


@pytest.fixture(scope="module")
def shared(local_discovery):
    """One world and one gate for the tests that leave the gate running."""
    world, process = World(SHARED_DOMAIN), start_gate(SHARED_DOMAIN, "robot_name:=r2")
    try:
        assert world.run(STARTS_WITHIN_S, until=lambda: world.states and world.outputs)
        yield world, process
    finally:
        process.kill()
        process.wait()
        world.close()


@pytest.fixture
def gate(shared):
    return shared[1]


@pytest.fixture
def world(shared):
    """The shared world after a rest: disarmed, silent, the e-stop free."""
    world, _ = shared
    yield world
    world.button.publish(Bool(data=False))
    world.arm(False)
    world.run(0.4)
    assert world.call(Trigger, topics.E_STOP_RESET, Trigger.Request()).success
    world.until_state("disarmed")
    assert world.set("linear.x.max_velocity", 0.6).successful
    for history in (world.outputs, world.events, world.diagnostics):
        history.clear()


@pytest.fixture
def start():
    """Starts a gate of the test's own, with a world around it; returns both."""
    started = []

    def start(*parameters, kind=Twist, beats=False, **environment):
        world = World(OTHER_DOMAIN, kind, beats)
        started.append((world, start_gate(OTHER_DOMAIN, *parameters, **environment)))
        assert world.run(
            STARTS_WITHIN_S, until=lambda: world.message() == "disarmed" and world.outputs
        )
        return started[-1]

    yield start
    for world, process in started:
        process.kill()
        process.wait()
        world.close()


def assert_never_silent(world, x=None):
    """Hear 50 commands in a second, all of them sound, in one of several seconds."""
    counts = []
    while not counts or (abs(counts[-1] - 50) > 5 and len(counts) < TRIES):
        world.outputs.clear()
        world.run(1.0, x)
        counts.append(len(world.outputs))
        assert all(sound(twist) for _, twist in world.outputs)
    assert counts[-1] == pytest.approx(50, abs=5), counts


def sound(twist):
    fields = [getattr(v, axis) for v in (twist.linear, twist.angular) for axis in "xyz"]
    return all(map(math.isfinite, fields)) and fields[1:5] == [0.0] * 4


def test_never_silent_in_any_state_and_each_is_told(world, gate):
    assert world.message() == "disarmed"
    assert_never_silent(world, x=0.5)
    world.until_speed(0.0, x=0.5)

    assert world.arm().success
    world.until_state("passing", x=0.5)
    assert_never_silent(world, x=0.5)
    world.until_speed(0.5, x=0.5)

    world.until_state("clamping", x=0.9)
    assert_never_silent(world, x=0.9)
    world.until_speed(0.6, x=0.9)

    world.send(math.nan)
    world.until_state("not finite")
    world.until_speed(0.0)
    world.until_state("command timeout")
    assert_never_silent(world)

    world.button.publish(Bool(data=True))
    world.until_state("e-stop latched")
    assert_never_silent(world, x=0.5)
    world.until_speed(0.0, x=0.5)

    levels = {m.message: m.level for _, m in world.states}
    assert levels["passing"] == DiagnosticStatus.OK
    assert levels["clamping"] == levels["disarmed"] == DiagnosticStatus.WARN
    assert levels["command timeout"] == levels["e-stop latched"] == DiagnosticStatus.ERROR
    told = [m.message for _, m in world.events]
    assert told.index("passing") < told.index("clamping") < told.index("not finite")
    assert all(array.status[0].name == NAME for _, array in world.diagnostics)
    assert all(array.status[0].hardware_id == "r2" for _, array in world.diagnostics)


def test_source_that_falls_silent_stops_the_robot_in_time(world, gate):
    world.arm()
    times = [fall_silent(world) for _ in range(TRIES)]
    assert min(slowing for slowing, _ in times) <= 0.29
    assert min(standing for _, standing in times) <= 0.2 + 0.2 + 0.04


def fall_silent(world):
    """Drive at 0.5 m/s, then say nothing more; seconds until it slows and until it stands."""
    world.until_speed(0.5, x=0.5)
    silent = time.monotonic()
    world.until_speed(0.0)
    after = [(t - silent, twist.linear.x) for t, twist in world.outputs if t > silent]
    return next(t for t, x in after if x < 0.5), next(t for t, x in after if x == 0.0)


def test_e_stop_by_service_and_its_reset(world, gate):
    world.arm()
    world.until_state("passing", x=0.5)
    called = time.monotonic()
    assert world.call(Trigger, topics.E_STOP_TRIGGER, Trigger.Request(), x=0.5).success
    world.until_state("e-stop latched", x=0.5)
    first_zero = next(t for t, m in world.outputs if t > called and m.linear.x == 0.0)
    assert first_zero - called < 1.0
    refused = world.call(Trigger, topics.E_STOP_RESET, Trigger.Request(), x=0.5)
    assert not refused.success
    assert "not zero" in refused.message
    assert not world.arm().success

    world.button.publish(Bool(data=True))
    world.run(0.4)
    refused = world.call(Trigger, topics.E_STOP_RESET, Trigger.Request())
    assert not refused.success
    assert "still true" in refused.message

    world.button.publish(Bool(data=False))
    world.run(0.2)
    assert world.call(Trigger, topics.E_STOP_RESET, Trigger.Request()).success
    world.until_state("passing", x=0.3)


def test_e_stop_publisher_that_cannot_be_heard_latches(world, gate):
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    world.node.create_publisher(Bool, topics.E_STOP, best_effort)
    world.until_state("e-stop latched")


def test_parameters_are_guarded_while_it_runs(world, gate):
    refused = world.set("linear.x.max_velocity", math.nan)
    assert not refused.successful
    assert "linear.x.max_velocity" in refused.reason
    world.arm()
    refused = world.set("linear.x.max_velocity", 0.7)
    assert not refused.successful
    assert "disarm first" in refused.reason
    assert world.set("linear.x.max_velocity", 0.2).successful
    world.until_state("clamping", x=0.5)
    world.until_speed(0.2, x=0.5)
    world.arm(False)
    assert world.set("linear.x.max_velocity", 0.7).successful


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("linear.x.max_velocity", math.nan),
        ("linear.x.max_velocity", 0.0),
        ("angular.z.max_acceleration", -1.0),
        ("linear.x.min_velocity", 0.5),
        ("linear.x.max_velocity", 1.5),
        ("ceilings.linear.x.max_velocity", 2.0),
    ],
)
def test_nonsense_is_refused_as_a_whole_and_by_name(world, gate, name, bad):
    refused = world.set_together(cmd_vel_timeout=0.1, **{name.replace(".", "__"): bad})
    assert not refused.successful
    assert name in refused.reason
    world.arm()
    world.until_speed(0.5, x=0.5)
    assert world.set("cmd_vel_timeout", 0.2).successful  # what it was: not looser


def test_command_within_the_limits_comes_out_as_it_went_in(world, gate):
    world.arm()
    x, z = 0.3123456789012345, -0.7654321098765432
    for _ in range(90):
        world.send(x, z)
        world.run(1 / 30)
    twist = world.outputs[-1][1]
    assert abs(twist.linear.x - x) <= 1e-9
    assert abs(twist.angular.z - z) <= 1e-9


def test_small_and_free_of_the_model_library(world, gate):
    world.arm()
    world.run(1.0, x=0.3)
    status = Path(f"/proc/{gate.pid}/status").read_text()
    resident_kb = int(status.split("VmRSS:")[1].split()[0])
    assert resident_kb * 1024 <= 120e6
    assert "torch" not in Path(f"/proc/{gate.pid}/maps").read_text()


def test_failing_callback_sends_zero_and_ends_with_a_line(start, tmp_path):
    (tmp_path / "bad_check.py").write_text(
        dedent(
            """
            from vla_safety.check import Check

            class Bad(Check):
                name = "bad"

                def watch(self, situation):
                    if situation.command.velocity.linear_x > 0.55:
                        raise KeyError("no such thing")
            """
        )
    )
    info = tmp_path / "bad_check-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad_check\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vla_safety.checks]\nbad = bad_check:Bad\n")
    world, gate = start(
        "checks:=[finite,command_timeout,bad]",
        PYTHONPATH=os.pathsep.join([str(tmp_path), PYTHONPATH]),
    )
    world.arm()
    world.until_speed(0.5, x=0.5)
    assert world.run(30.0, x=0.56, until=lambda: gate.poll() is not None)
    world.until_speed(0.0)
    said = gate.stderr.read()
    assert gate.returncode == 1
    assert "a callback failed: KeyError('no such thing')" in said
    assert "Traceback" not in said
    assert world.run(5.0, until=lambda: "a callback failed" in world.events[-1][1].message)


def test_bad_parameter_ends_it_at_once_with_one_line():
    gate = start_gate(OTHER_DOMAIN, "linear.x.max_velocity:=-1.0")
    _, said = gate.communicate(timeout=60)
    assert gate.returncode == 1
    assert said == (
        "vla_safety: linear.x.max_velocity must be a number from 0.001 to 100 m/s (got -1.0)\n"
    )


def test_asked_to_end_it_says_zero_and_ends_quietly(start):
    world, gate = start()
    world.arm()
    world.until_speed(0.5, x=0.5)
    gate.send_signal(signal.SIGTERM)
    assert world.run(30.0, x=0.5, until=lambda: gate.poll() is not None)
    world.until_speed(0.0)
    assert gate.returncode == 0
    assert "Traceback" not in gate.stderr.read()


def test_stamped_output_carries_the_time_of_publication(start):
    world, gate = start(
        "enable_stamped_cmd_vel:=true", "base_frame_id:=base_footprint", kind=TwistStamped
    )
    before = world.node.get_clock().now().nanoseconds
    world.outputs.clear()
    world.run(0.5)
    now = world.node.get_clock().now().nanoseconds
    stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for _, m in world.outputs]
    assert all(a < b for a, b in pairwise(stamps))
    assert before < stamps[-1] < now
    assert world.outputs[-1][1].header.frame_id == "base_footprint"
    gate.send_signal(signal.SIGINT)
    assert gate.wait(30.0) == 0


def test_scanned_wall_holds_the_robot_and_lets_it_turn(start):
    world, gate = start()
    assert {pair.key: pair.value for pair in world.states[-1][1].values}["scan"] == "none yet"
    scan = LaserScan(angle_min=-math.pi, angle_increment=math.tau / 360, range_max=10.0)

    def drives_at(speed, range_m):
        """Whether the robot comes to turn at `speed` with everything `range_m` away."""
        scan.ranges = [range_m] * 360
        for _ in range(10 * TRIES):
            scan.header.stamp = world.node.get_clock().now().to_msg()
            world.scanner.publish(scan)
            for _ in range(3):
                world.send(0.5, z=1.0)
                world.run(1 / 30)
            twist = world.outputs[-1][1]
            if (twist.linear.x, twist.angular.z) == (speed, 1.0):
                return True
        return False

    world.arm()
    assert drives_at(0.5, range_m=3.0)
    assert drives_at(0.0, range_m=0.23)
    assert any(state.message == "obstacle ahead" for _, state in world.states)
    scan.angle_increment = 0.0  # nonsense counts as none
    assert drives_at(0.0, range_m=3.0)
    world.until_state("no scan", x=0.5)
    assert gate.poll() is None


def test_stick_takes_over_from_the_policy_and_gives_back_by_way_of_zero(world, gate):
    world.arm()
    world.until_speed(0.5, x=0.5)
    push = Twist()
    push.linear.x = -0.2
    for _ in range(60):
        world.stick.publish(push)
        world.run(1 / 30, x=0.5)
    assert world.speed() == -0.2
    assert value(world, "source") == "teleop"
    world.outputs.clear()
    world.until_speed(0.5, x=0.5)
    assert 0.0 in [twist.linear.x for _, twist in world.outputs]


def value(world, key):
    """A value of the newest state."""
    return {pair.key: pair.value for pair in world.states[-1][1].values}[key]


def test_second_publisher_of_the_output_is_an_error(world, gate):
    world.arm()
    world.until_speed(0.5, x=0.5)
    rival = world.node.create_publisher(Twist, topics.COMMAND, 1)
    world.until_state("another publisher drives", x=0.5)
    world.until_speed(0.0, x=0.5)
    assert "/world" in value(world, "detail")
    world.node.destroy_publisher(rival)
    world.until_state("passing", x=0.5)


def test_frozen_camera_slows_and_stops(start):
    world, _ = start()
    world.arm()
    image = Image(height=2, width=2, encoding="rgb8", step=6, data=[0] * 12)
    odometry = Odometry()
    odometry.twist.twist.linear.x = 0.5

    def drive(seconds, frozen):
        for number in range(round(seconds * 30)):
            image.data[0] = 7 if frozen else number % 256
            image.header.stamp = world.node.get_clock().now().to_msg()
            world.camera.publish(image)
            odometry.pose.pose.position.x += 0.5 / 30
            world.odometer.publish(odometry)
            world.run(1 / 30, x=0.5)

    drive(1.5, frozen=False)
    assert world.message() == "passing"
    world.events.clear()
    drive(2.5, frozen=True)
    told = [m for _, m in world.events if m.message == "camera frozen"]
    assert [m.level for m in told] == [DiagnosticStatus.WARN, DiagnosticStatus.ERROR]
    assert world.speed() == 0.0


def test_uncertainty_of_the_policy_is_heard(start):
    world, _ = start()
    world.arm()
    world.until_speed(0.5, x=0.5)
    world.doubt.publish(Float32(data=0.9))
    world.until_state("policy unsure", x=0.5)
    world.doubt.publish(Float32(data=0.0))
    world.until_state("passing", x=0.5, seconds=0.9)


def test_events_carry_the_instruction_and_are_logged_as_json(world, gate):
    world.talk.publish(String(data="go to the red ball"))
    world.run(0.3)
    world.arm()
    world.until_state("clamping", x=0.9)
    assert world.set("linear.x.max_velocity", 0.2).successful
    change = "changed: linear.x.max_velocity 0.6 -> 0.2"
    assert world.run(5.0, until=lambda: change in [m.message for _, m in world.events])
    world.run(1.0)
    path = Path(HOME.name) / "log" / "vla_safety.events.jsonl"
    logged = [json.loads(line) for line in path.read_text().splitlines()]
    messages = [event["message"] for event in logged]
    for _, event in world.events:
        assert event.message in messages
        assert {pair.key for pair in event.values} <= set(logged[messages.index(event.message)])
    hashed = [event for event in logged if event.get("instruction_hash") == "70bd3f3f2cf7"]
    cut = next(event for event in hashed if event.get("check") == "velocity_limit")
    assert (cut["command_in.linear.x"], cut["limit"], cut["source"]) == ("0.9", "0.6", "policy")


def test_latched_e_stop_survives_a_restart_and_arming_does_not(start, tmp_path):
    world, gate = start(f"state_directory:={tmp_path}")
    world.arm()
    world.until_state("passing", x=0.2)
    assert world.call(Trigger, topics.E_STOP_TRIGGER, Trigger.Request()).success
    world.until_state("e-stop latched")
    world.run(0.2)
    gate.kill()
    gate.wait()
    world.states.clear()
    again = start_gate(OTHER_DOMAIN, f"state_directory:={tmp_path}")
    try:
        world.until_state("e-stop latched", seconds=STARTS_WITHIN_S)
        assert not world.arm().success
        assert world.call(Trigger, topics.E_STOP_RESET, Trigger.Request()).success
        world.until_state("disarmed")
        assert not list(tmp_path.glob("*.latched"))
    finally:
        again.kill()
        again.wait()


def test_lost_heartbeat_of_the_e_stop_latches(start):
    world, _ = start("e_stop.heartbeat:=true", "e_stop.heartbeat_timeout:=4.0", beats=True)
    world.arm()
    world.until_state("passing", x=0.2)
    world.beats = False
    world.until_state("e-stop latched", x=0.2)
    assert "silent" in value(world, "detail")
