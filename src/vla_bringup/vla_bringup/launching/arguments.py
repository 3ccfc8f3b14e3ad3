# SPDX-License-Identifier: Apache-2.0
"""Every argument of our launch files, described once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitution import Substitution
from launch.substitutions import LaunchConfiguration

from vla_bringup.installation import config_folder
from vla_bringup.launching.defaults import Chosen, Values
from vla_bringup.parameters import read_parameter
from vla_bringup.presets import (
    BASES,
    DRIVERS,
    GENERIC,
    NO_DRIVER,
    Base,
    camera_info_topic,
    image_topic,
)

Default: TypeAlias = str | Substitution | Callable[[], str | Substitution]


@dataclass(frozen=True)
class Argument:
    """One argument: what it decides, and what it is where it is not given.

    Attributes:
        default: a text, a substitution, or a function that looks one of them up.
    """

    description: str
    default: Default = ""
    choices: Sequence[str] | None = None


def config_file(name: str) -> str:
    """The parameter file of one of our nodes."""
    return str(config_folder() / f"{name}.yaml")


def _file(name: str) -> Callable[[], str]:
    return lambda: config_file(name)


def _in_file(argument: str, node: str, parameter: str) -> Callable[[], Substitution]:
    """What the parameter file that an argument names says, or else our own file."""

    def choose(values: Values) -> str:
        given = read_parameter(Path(values.get(argument) or config_file(node)), parameter)
        return _text(ours() if given is None else given)

    def ours() -> object:
        return read_parameter(Path(config_file(node)), parameter)

    return lambda: Chosen(f"that of {argument}; ours: {_text(ours())}", choose)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _base_name(values: Values) -> str:
    return values.get("base", GENERIC)


def _of_base(attribute: str) -> Chosen:
    """What the preset of the chosen base says."""
    return Chosen(
        f"that of the base; {GENERIC}: {getattr(Base(), attribute)}",
        lambda values: str(getattr(BASES[_base_name(values)], attribute)),
    )


def _of_camera(find: Callable[[str, str], str]) -> Chosen:
    return Chosen(
        f"that of the camera or the base; {GENERIC}: {find(GENERIC, NO_DRIVER)}",
        lambda values: find(_base_name(values), values.get("camera", NO_DRIVER)),
    )


def _robot_name() -> Substitution:
    in_file = _in_file("safety_params", "vla_safety", "robot_name")()
    return Chosen(
        "the namespace, or else that of safety_params; ours: robot",
        lambda values: values.get("namespace", "").strip("/") or in_file.choose(values),
    )


def _stamped() -> Substitution:
    in_file = _in_file("safety_params", "vla_safety", "enable_stamped_cmd_vel")()

    def choose(values: Values) -> str:
        base = _base_name(values)
        return in_file.choose(values) if base == GENERIC else _text(BASES[base].stamped)

    return Chosen(f"that of the base; {GENERIC}: that of safety_params", choose)


_BOOL = ("true", "false")

ARGUMENTS: dict[str, Argument] = {
    "namespace": Argument("Namespace of the robot; each robot beside another needs its own"),
    "robot_name": Argument(
        "Name of the robot in diagnostics, metrics and logs",
        _robot_name,
    ),
    "use_sim_time": Argument("Take the time from /clock instead of the system", "false", _BOOL),
    "base": Argument(
        "Robot whose topics are the defaults of the arguments below", GENERIC, tuple(BASES)
    ),
    "camera": Argument(
        "Camera driver to start; none: the camera is already running",
        NO_DRIVER,
        (NO_DRIVER, *DRIVERS),
    ),
    "camera_params": Argument(
        "Parameter file of the camera driver, over the settings of ours; empty: ours alone"
    ),
    "policy": Argument(
        "Checkpoint (a shipped name, a directory, an id on the Hugging Face Hub), or the address "
        "of `vla serve` on another machine, e.g. ws://10.0.0.7:8000",
        _in_file("node_params", "vla_node", "policy"),
    ),
    "device": Argument(
        "Where the model runs, as torch names it: cpu, cuda, cuda:0",
        _in_file("node_params", "vla_node", "device"),
    ),
    "backend": Argument(
        "What runs the model: torch, onnx, openvino, ... (`vla bench` lists them), or auto",
        _in_file("node_params", "vla_node", "backend"),
    ),
    "camera_topic": Argument(
        "Where the camera publishes its images (sensor_msgs/Image)", _of_camera(image_topic)
    ),
    "camera_info_topic": Argument(
        "Where the camera publishes its CameraInfo, by which its rate is watched",
        _of_camera(camera_info_topic),
    ),
    "odom_topic": Argument(
        "Where the base publishes its odometry (nav_msgs/Odometry)", _of_base("odom")
    ),
    "scan_topic": Argument(
        "Where the scanner publishes (sensor_msgs/LaserScan)", _of_base("scan")
    ),
    "cmd_vel_topic": Argument("Where the base listens to commands", _of_base("cmd_vel")),
    "e_stop_topic": Argument(
        "Where an emergency stop says that it is pressed (std_msgs/Bool)", _of_base("e_stop")
    ),
    "enable_stamped_cmd_vel": Argument(
        "Send TwistStamped instead of Twist to the base", _stamped, _BOOL
    ),
    "arm": Argument("Arm the gate of the simulated robot; false: a person does", "true", _BOOL),
    "node_params": Argument("Parameter file of the inference node", _file("vla_node")),
    "safety_params": Argument("Parameter file of the safety gate", _file("vla_safety")),
    "monitor_params": Argument("Parameter file of the monitor", _file("vla_monitor")),
    "sim_params": Argument("Parameter file of the MuJoCo simulator", _file("vla_sim")),
    "monitor": Argument("Start the monitor, and the aggregator of its diagnostics", "true", _BOOL),
    "metrics_port": Argument(
        "Port of /metrics for Prometheus; each robot on a machine needs its own, 0: none",
        _in_file("monitor_params", "vla_monitor", "prometheus.port"),
    ),
    "rviz": Argument("Start rviz with the robot's camera, scan and path", "false", _BOOL),
    "rviz_config": Argument("What rviz shows", lambda: str(config_folder() / "vla.rviz")),
    "seed": Argument("Seed of the simulated room", _in_file("sim_params", "vla_sim", "seed")),
    "split": Argument(
        "Family of rooms that the seed picks from", _in_file("sim_params", "vla_sim", "split")
    ),
    "world": Argument(
        "Gazebo world with a robot in it: a file, or a name on GZ_SIM_RESOURCE_PATH; "
        "empty: the room of the seed"
    ),
    "headless": Argument("Run Gazebo without its window", "false", _BOOL),
    "bridge_params": Argument(
        "List of the topics that are bridged between Gazebo and ROS", _file("gazebo_bridge")
    ),
}


def arguments(*names: str, **defaults: str) -> list[DeclareLaunchArgument]:
    """Declare arguments by name; `defaults` declares further ones with another default."""
    rows = [(name, ARGUMENTS[name].default) for name in names]
    rows += defaults.items()
    return [_declared(name, default) for name, default in rows]


def _declared(name: str, default: Default) -> DeclareLaunchArgument:
    argument = ARGUMENTS[name]
    value = default() if callable(default) else default
    optional: dict[str, Any] = {} if argument.choices is None else {"choices": argument.choices}
    return DeclareLaunchArgument(
        name, default_value=value, description=argument.description, **optional
    )


def switched_on(name: str) -> IfCondition:
    """Where an argument is true."""
    return IfCondition(LaunchConfiguration(name))
