# SPDX-License-Identifier: Apache-2.0
"""The parameters of the simulator node: one table, declared and checked from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vla_sim.errors import SimulatorError
from vla_sim.room import SPLITS

if TYPE_CHECKING:
    from rclpy.node import Node

# Declared by rclpy itself in every node.
OF_RCLPY: Final = ("use_sim_time", "start_type_description_service", "qos_overrides.")
MAX_SEED: Final = 2**31 - 1


class ParameterError(SimulatorError):
    """A parameter is unknown, of the wrong type or out of range."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: name, default, unit, meaning; for numbers the range, for text the choices.

    A text without choices may be anything but empty.
    """

    name: str
    default: bool | int | float | str
    unit: str
    description: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> bool | int | float | str:
        """The value in the type of the default; raises ParameterError where it does not fit.

        A whole number is taken for a float, so that `30` may be written for `30.0`.
        """
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(self.default):
            raise ParameterError(
                f"{self.name} must be a {type(self.default).__name__}"
                f" (got {value!r} of type {type(value).__name__})"
            )
        if isinstance(value, str):
            self._check_text(value)
        elif not isinstance(value, bool) and not self.low <= value <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise ParameterError(
                f"{self.name} must be in [{self.low:g}, {self.high:g}]{unit} (got {value:g})"
            )
        return value

    def _check_text(self, value: str) -> None:
        if self.choices and value not in self.choices:
            expected = ", ".join(self.choices)
            raise ParameterError(f"{self.name} must be one of {expected} (got {value!r})")
        if not value.strip():
            raise ParameterError(f"{self.name} must not be empty")

    def descriptor(self) -> Any:
        """The rcl_interfaces ParameterDescriptor that `ros2 param describe` shows."""
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

        text = f"{self.description} [{self.unit}]" if self.unit else self.description
        descriptor = ParameterDescriptor(description=text, read_only=True)
        descriptor.additional_constraints = ", ".join(self.choices)
        if isinstance(self.default, float):
            span = FloatingPointRange(from_value=self.low, to_value=self.high, step=0.0)
            descriptor.floating_point_range = [span]
        elif isinstance(self.default, int) and not isinstance(self.default, bool):
            whole = IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)
            descriptor.integer_range = [whole]
        return descriptor


PARAMETERS: Final[tuple[Parameter, ...]] = (
    Parameter("robot_name", "robot", "", "name of the robot, the hardware_id of its diagnostics"),
    Parameter("seed", 0, "", "seed of the room: the same seed is the same room", 0, MAX_SEED),
    Parameter("split", "demo", "", "family of rooms that the seed picks from", choices=SPLITS),
    Parameter("camera_rate_hz", 30.0, "Hz", "rate of camera images", 1.0, 120.0),
    Parameter("scan_rate_hz", 10.0, "Hz", "rate of laser scans", 1.0, 50.0),
    Parameter("odom_rate_hz", 50.0, "Hz", "rate of wheel odometry", 1.0, 50.0),
    Parameter(
        "cmd_vel_timeout", 0.5, "s", "silence of cmd_vel after which the base stops", 0.05, 10.0
    ),
    Parameter(
        "enable_stamped_cmd_vel", False, "", "whether cmd_vel is a TwistStamped instead of a Twist"
    ),
    Parameter(
        "publish_clock", False, "", "whether simulated time is published on /clock and stamped"
    ),
    Parameter("camera_frame_id", "camera_optical_frame", "", "frame of images and camera_info"),
    Parameter("scan_frame_id", "base_scan", "", "frame of scans"),
    Parameter("base_frame_id", "base_link", "", "frame of the base"),
    Parameter("odom_frame_id", "odom", "", "frame in which odometry tells where the base is"),
)


@dataclass(frozen=True)
class Settings:
    """Settings of the node, one for each parameter of the table, which describes them."""

    robot_name: str
    seed: int
    split: str
    camera_rate_hz: float
    scan_rate_hz: float
    odom_rate_hz: float
    cmd_vel_timeout: float
    enable_stamped_cmd_vel: bool
    publish_clock: bool
    camera_frame_id: str
    scan_frame_id: str
    base_frame_id: str
    odom_frame_id: str

    def __post_init__(self) -> None:
        for parameter in PARAMETERS:
            parameter.check(getattr(self, parameter.name))


def make_settings(given: Mapping[str, Any]) -> Settings:
    """Settings from the given values and defaults for the rest.

    Raises ParameterError, which names the parameter, for an unknown name or a bad value.
    """
    refuse_unknown(given)
    values: dict[str, Any] = {p.name: p.check(given.get(p.name, p.default)) for p in PARAMETERS}
    return Settings(**values)


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises ParameterError for a name that is not in the table."""
    known = {parameter.name for parameter in PARAMETERS}
    unknown = sorted(n for n in names if n not in known and not n.startswith(OF_RCLPY))
    if unknown:
        raise ParameterError(f"{unknown[0]} is not a parameter of vla_sim: check its spelling")


def read_settings(node: Node) -> Settings:
    """Declares every parameter with its description and range, and returns the settings.

    The node must have been made with `automatically_declare_parameters_from_overrides`: only
    so are misspelt names visible. Raises ParameterError as `make_settings` does.
    """
    given = {name: p.value for name, p in node.get_parameters_by_prefix("").items()}
    settings = make_settings(given)
    for parameter in PARAMETERS:
        if node.has_parameter(parameter.name):
            node.undeclare_parameter(parameter.name)  # it has no description and no range yet
        value = getattr(settings, parameter.name)
        node.declare_parameter(parameter.name, value, parameter.descriptor(), ignore_override=True)
    return settings
