# SPDX-License-Identifier: Apache-2.0
"""The parameters of the monitor: one table, from which they are declared and checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vla_monitor.errors import ParameterError
from vla_monitor.levels import Limit
from vla_monitor.settings import Settings

if TYPE_CHECKING:
    from rclpy.node import Node

# Declared by rclpy itself in every node.
OF_RCLPY: Final = ("use_sim_time", "start_type_description_service", "qos_overrides.")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, default, unit, meaning and, for a number, its range."""

    name: str
    default: bool | float | str
    unit: str
    description: str
    low: float = 0.0
    high: float = math.inf

    def check(self, value: Any) -> bool | float | str:
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
        if isinstance(value, float) and not self.low <= value <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise ParameterError(
                f"{self.name} must be in [{self.low:g}, {self.high:g}]{unit} (got {value:g})"
            )
        return value

    def descriptor(self) -> Any:
        """The rcl_interfaces ParameterDescriptor that `ros2 param describe` shows."""
        from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor

        text = f"{self.description} [{self.unit}]" if self.unit else self.description
        descriptor = ParameterDescriptor(description=text, read_only=True)
        if isinstance(self.default, float):
            span = FloatingPointRange(from_value=self.low, to_value=self.high, step=0.0)
            descriptor.floating_point_range = [span]
        return descriptor


@dataclass(frozen=True)
class LimitRow:
    """A limit of the table: becomes the two parameters `<key>.warn` and `<key>.error`."""

    key: str
    warn: float
    error: float
    unit: str
    meaning: str
    above: bool = True

    def parameters(self) -> tuple[Parameter, Parameter]:
        """The parameters of the two thresholds."""
        word = "reaches" if self.above else "falls under"
        return (
            Parameter(
                f"{self.key}.warn", self.warn, self.unit, f"WARN when {self.meaning} {word} this"
            ),
            Parameter(
                f"{self.key}.error",
                self.error,
                self.unit,
                f"ERROR when {self.meaning} {word} this",
            ),
        )

    def limit(self, values: Mapping[str, Any]) -> Limit:
        """The limit with the given thresholds; raises ParameterError where they are swapped."""
        warn, error = values[f"{self.key}.warn"], values[f"{self.key}.error"]
        try:
            return Limit(warn, error, self.above, values["hysteresis"], self.unit)
        except ValueError as problem:
            raise ParameterError(f"{self.key}: {problem}") from problem


LIMITS: Final = (
    LimitRow("camera.rate_hz", 24.0, 10.0, "Hz", "the rate of images", above=False),
    LimitRow("camera.silence_s", 1.0, 2.0, "s", "the time since the newest image"),
    LimitRow("inference.p95_ms", 100.0, 250.0, "ms", "the p95 of the time of one inference"),
    LimitRow("inference.rate_hz", 3.0, 1.0, "Hz", "the rate of inferences", above=False),
    LimitRow("inference.silence_s", 1.0, 2.0, "s", "the time since the newest inference"),
    LimitRow(
        "inference.drop_ratio",
        0.9,
        0.97,
        "",
        "the share of images replaced before the policy saw them",
    ),
    LimitRow("inference.failures", 1.0, 5.0, "", "the number of failed inferences lately"),
    LimitRow(
        # The norm of six fields, each within [-1, 1], is at most sqrt(6) = 2.45.
        "action.norm",
        2.5,
        5.0,
        "",
        "the p95 of the norm of the normalised action",
    ),
    LimitRow("policy_command.rate_hz", 5.0, 2.0, "Hz", "the rate of vla/cmd_vel", above=False),
    LimitRow("policy_command.silence_s", 1.0, 2.0, "s", "the time since the newest vla/cmd_vel"),
    LimitRow(
        "policy_command.age_p95_ms", 150.0, 300.0, "ms", "the p95 of the age image to vla/cmd_vel"
    ),
    LimitRow("command.rate_hz", 40.0, 20.0, "Hz", "the rate of cmd_vel", above=False),
    LimitRow("command.silence_s", 0.5, 1.0, "s", "the time since the newest cmd_vel"),
    LimitRow("command.age_p95_ms", 150.0, 300.0, "ms", "the p95 of the age image to cmd_vel"),
)

PARAMETERS: Final[tuple[Parameter, ...]] = (
    Parameter("robot_name", "robot", "", "name of the robot, the hardware_id of every status"),
    Parameter(
        "enable_stamped_cmd_vel", False, "", "whether cmd_vel is a TwistStamped instead of a Twist"
    ),
    Parameter("window_s", 30.0, "s", "how far back the published quantiles look", 1.0, 80.0),
    Parameter("level_window_s", 2.0, "s", "how far back the rates and the levels look", 0.5, 80.0),
    Parameter("check_rate_hz", 5.0, "Hz", "how often the levels are judged", 1.0, 50.0),
    Parameter(
        "hysteresis",
        0.1,
        "",
        "fraction of a threshold by which a number must come back to count as good",
        0.0,
        0.9,
    ),
    Parameter(
        "clear_after_s",
        2.0,
        "s",
        "how long a number must be good before its level falls",
        0.0,
        60.0,
    ),
    Parameter(
        "startup_grace_s",
        20.0,
        "s",
        "how long after the start something never seen is at most WARN",
        0.0,
        600.0,
    ),
    *(parameter for row in LIMITS for parameter in row.parameters()),
)


def make_settings(given: Mapping[str, Any]) -> Settings:
    """Settings from the given values and defaults for the rest.

    Raises ParameterError, which names the parameter, for an unknown name or a bad value.
    """
    refuse_unknown(given)
    values = {p.name: p.check(given.get(p.name, p.default)) for p in PARAMETERS}
    limits = {row.key: row.limit(values) for row in LIMITS}
    own: dict[str, Any] = {
        name: value
        for name, value in values.items()
        if name in Settings.__dataclass_fields__ and name != "limits"
    }
    return Settings(**own, limits=limits)


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises ParameterError for a name that is not in the table."""
    known = {parameter.name for parameter in PARAMETERS}
    unknown = sorted(n for n in names if n not in known and not n.startswith(OF_RCLPY))
    if unknown:
        raise ParameterError(f"{unknown[0]} is not a parameter of vla_monitor: check its spelling")


def read_settings(node: Node) -> Settings:
    """Declares every parameter with its description and range, and returns the settings.

    The node must have been made with `automatically_declare_parameters_from_overrides`: only
    so are misspelt names visible. Raises ParameterError as `make_settings` does.
    """
    given = {name: p.value for name, p in node.get_parameters_by_prefix("").items()}
    settings = make_settings(given)
    for parameter in PARAMETERS:
        value = parameter.check(given.get(parameter.name, parameter.default))
        if node.has_parameter(parameter.name):
            node.undeclare_parameter(parameter.name)  # it has no description and no range yet
        node.declare_parameter(parameter.name, value, parameter.descriptor(), ignore_override=True)
    return settings
