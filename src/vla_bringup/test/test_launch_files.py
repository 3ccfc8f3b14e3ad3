# SPDX-License-Identifier: Apache-2.0
"""The launch files, where `launch` can be imported: on every ROS 2 distribution."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ament_index_python.packages import PackageNotFoundError

FOLDER = Path(__file__).parents[1] / "launch"
FILES = sorted(FOLDER.glob("*.launch.py"))
WHOLE = ("robot", "sim", "gazebo")

launch_files = pytest.importorskip("launch.launch_description_sources", reason="launch is missing")
pytest.importorskip("launch_ros.actions", reason="launch_ros is missing")

from launch import LaunchContext  # noqa: E402
from launch.actions import LogInfo, TimerAction  # noqa: E402
from launch.events import Shutdown  # noqa: E402
from launch_ros.actions import Node  # noqa: E402

from vla_bringup import launching  # noqa: E402
from vla_bringup.back_off import BackOff  # noqa: E402
from vla_bringup.launching import packages  # noqa: E402
from vla_bringup.launching.restarting import Restarted  # noqa: E402
from vla_bringup.parameters import read_parameter  # noqa: E402

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
each_whole = pytest.mark.parametrize("name", WHOLE)


def described(path):
    return launch_files.get_launch_description_from_python_launch_file(str(path))


def declared(path):
    return {each.name: each for each in described(path).get_launch_arguments()}


def context_with(**arguments):
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    return context


def default(name, **arguments):
    """What an argument is where only `arguments` are given."""
    (declaration,) = launching.arguments(name)
    context = context_with(**arguments)
    return "".join(part.perform(context) for part in declaration.default_value)


@pytest.fixture
def installed(monkeypatch):
    """Makes just the packages that are put into it appear as installed."""
    names = set()

    def share(package):
        if package not in names:
            raise PackageNotFoundError(package)
        return "/opt"

    monkeypatch.setattr(packages, "get_package_share_directory", share)
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    return names


# Arguments.


@each_file
def test_every_argument_is_described(path):
    assert declared(path)
    assert not [
        name for name, each in declared(path).items() if "no desc" in each.description.lower()
    ]


@each_file
def test_every_launch_file_takes_a_namespace(path):
    assert "namespace" in declared(path)


def test_robot_takes_what_a_user_of_a_robot_has_to_choose():
    wanted = [
        "policy",
        "device",
        "backend",
        "camera_topic",
        "cmd_vel_topic",
        "enable_stamped_cmd_vel",
        "namespace",
        "use_sim_time",
        "safety_params",
        "monitor",
        "rviz",
        "base",
        "camera",
    ]
    assert set(wanted) <= set(declared(FOLDER / "robot.launch.py"))


@each_whole
def test_whole_robots_are_made_of_the_same_parts(name):
    assert {"policy", "monitor", "rviz", "safety_params"} <= set(
        declared(FOLDER / f"{name}.launch.py")
    )


def test_gazebo_follows_the_clock_of_the_simulation():
    simulated = declared(FOLDER / "gazebo.launch.py")["use_sim_time"]
    assert simulated.default_value[0].perform(LaunchContext()) == "true"


def test_topics_are_those_of_the_base():
    assert default("cmd_vel_topic") == "cmd_vel"
    assert default("cmd_vel_topic", base="diff_drive_controller").endswith("controller/cmd_vel")
    assert default("camera_topic", base="clearpath") == "sensors/camera_0/color/image"
    assert default("camera_topic", base="clearpath", camera="oakd") == "camera/image_raw"
    assert default("e_stop_topic", base="clearpath") == "platform/emergency_stop"


def test_stamps_are_those_of_the_base_and_else_of_the_parameter_file(tmp_path):
    file = tmp_path / "gate.yaml"
    file.write_text("/**/vla_safety: {ros__parameters: {enable_stamped_cmd_vel: true}}")
    assert default("enable_stamped_cmd_vel") == "false"
    assert default("enable_stamped_cmd_vel", base="turtlebot4") == "true"
    assert default("enable_stamped_cmd_vel", safety_params=str(file)) == "true"


def test_argument_that_is_not_given_leaves_the_users_parameter_file_alone(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("/**/vla_node: {ros__parameters: {policy: mine, backend: onnx}}")
    assert default("policy", node_params=str(file)) == "mine"
    assert default("backend", node_params=str(file)) == "onnx"
    assert default("device", node_params=str(file)) == default("device")


def test_robot_is_called_as_its_namespace():
    assert default("robot_name", namespace="/left") == "left"
    assert default("robot_name") == "robot"


# What is started.


@pytest.mark.parametrize("there", [True, False])
def test_diagnostics_are_aggregated_where_the_aggregator_is_installed(installed, there):
    if there:
        installed.add("diagnostic_aggregator")
    (action,) = launching.aggregator("analyzers", "analyzers_sim").execute(LaunchContext())
    if there:
        assert isinstance(action, Node)
        assert action.node_package == "diagnostic_aggregator"
        assert action.node_executable == "aggregator_node"
    else:
        assert isinstance(action, LogInfo)


@pytest.mark.parametrize(
    "camera, apt",
    [
        ("usb_cam", "ros-jazzy-usb-cam"),
        ("v4l2_camera", "ros-jazzy-v4l2-camera"),
        ("realsense2_camera", "ros-jazzy-realsense2-camera"),
        ("oakd", "ros-jazzy-depthai-ros-v3"),
    ],
)
def test_missing_camera_driver_is_told_with_its_apt_package(installed, camera, apt):
    with pytest.raises(RuntimeError, match=rf"not installed: sudo apt install {apt}$"):
        launching.camera_driver().execute(context_with(camera=camera, camera_params=""))


def test_driver_is_the_first_of_its_packages_that_is_installed(installed):
    installed.add("depthai_ros_driver")
    context = context_with(camera="oakd", camera_params="")
    (driver,) = launching.camera_driver().execute(context)
    assert driver.node_package == "depthai_ros_driver"


def test_no_driver_is_started_for_a_camera_that_is_already_running(installed):
    assert launching.camera_driver().execute(context_with(camera="none", camera_params="")) == []


def test_missing_package_ends_the_launch_with_what_to_install(installed):
    with pytest.raises(RuntimeError, match=r"sudo apt install ros-jazzy-ros-gz$"):
        launching.required_package("ros_gz_sim", "ros-gz").execute(LaunchContext())


def test_gate_and_monitor_read_what_the_checkpoint_says_of_its_training(checkpoint):
    gate = launching.OurNode("vla_safety", parameter_file="safety_params", compares=True)
    chosen = launching.training_file(gate)
    file = chosen.perform(context_with(policy=str(checkpoint), safety_params="mine.yaml"))
    assert read_parameter(Path(file), "action_drift.mean") == 0.5
    assert chosen.perform(context_with(policy="?", safety_params="mine.yaml")) == "mine.yaml"


# What follows the end of a process.


def ended(status=-9):
    return SimpleNamespace(returncode=status)


def restarted(lives):
    def make(on_exit):
        lives.append(on_exit)
        return LogInfo(msg=f"life {len(lives)}")

    return Restarted("vla_node", make, BackOff(first_s=1.5, longest_s=3.0))


def test_dead_node_is_started_again_after_waits_that_grow():
    lives, waits = [], []
    node, context = restarted(lives), context_with(namespace="left")
    node.execute(context)
    for _ in range(3):
        (told, timer) = lives[-1](ended(), context)
        assert isinstance(told, LogInfo) and isinstance(timer, TimerAction)
        waits.append(timer.period)
        node.again()
    assert waits == [1.5, 3.0, 3.0]
    assert len(lives) == 4


def test_next_life_finds_the_arguments_of_the_first():
    lives, seen = [], []
    node, context = restarted(lives), context_with(namespace="left")
    node.execute(context)
    context.launch_configurations["namespace"] = "of somebody else"
    for action in node.again():
        seen.append(context.launch_configurations["namespace"])
        if not isinstance(action, LogInfo):
            action.execute(context)
    assert "left" in seen
    assert context.launch_configurations["namespace"] == "of somebody else"


def test_nothing_is_started_again_while_the_launch_ends():
    lives = []
    node, context = restarted(lives), LaunchContext()
    node.execute(context)
    context._set_is_shutdown(True)
    assert lives[-1](ended(0), context) == []


def test_end_of_an_indispensable_node_is_the_end_of_the_launch(monkeypatch):
    handlers = []
    monkeypatch.setattr(
        launching.OurNode, "started", lambda self, on_exit, **options: handlers.append(on_exit)
    )
    gate = launching.OurNode("vla_safety", parameter_file="safety_params")
    gate.indispensable("without the gate nothing may drive")
    (on_exit,) = handlers
    told, end = on_exit(ended(1), LaunchContext())
    assert isinstance(told, LogInfo)
    assert isinstance(end.event, Shutdown)
    assert "vla_safety ended with status 1: without the gate" in end.event.reason
