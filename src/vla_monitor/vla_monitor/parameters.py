# SPDX-License-Identifier: Apache-2.0
"""The parameters of the monitor: one table, from which they are declared and checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from vla_monitor.errors import ParameterError
from vla_monitor.levels import Patience
from vla_monitor.limits import LIMITS
from vla_monitor.parameter import Parameter, Plain
from vla_monitor.settings import Settings, TrainingActions

if TYPE_CHECKING:
    from rclpy.node import Node

# Declared by rclpy itself in every node.
OF_RCLPY: Final = ("use_sim_time", "start_type_description_service", "qos_overrides.")

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
        "raise_after_s",
        0.15,
        "s",
        "how long a number must be bad before it rises",
        0.0,
        60.0,
    ),
    Parameter(
        "clear_after_s", 2.0, "s", "how long a number must be good before it falls", 0.0, 60.0
    ),
    Parameter(
        "startup_grace_s",
        20.0,
        "s",
        "how long after the start something never seen is at most WARN",
        0.0,
        600.0,
    ),
    Parameter("camera.expected_rate_hz", 30.0, "Hz", "rate that the camera is set to", 0.1, 1e3),
    Parameter(
        "action.training.axes",
        ("linear.x", "angular.z"),
        "",
        "fields of the actions that the policy was trained on; one empty name: not known",
    ),
    Parameter(
        "action.training.mean",
        (0.08, 0.37),
        "",
        "mean of each of these fields in the training data, normalised to [-1, 1]",
        -1e3,
        1e3,
    ),
    Parameter(
        "action.training.std",
        (0.25, 0.42),
        "",
        "standard deviation of each of these fields in the training data, normalised",
        0.0,
        1e3,
    ),
    Parameter(
        "processes.names",
        ("vla_node", "vla_safety", "vla_sim", "vla_monitor"),
        "",
        "executables whose CPU time and memory are measured",
    ),
    Parameter(
        "prometheus.address", "127.0.0.1", "", "address to serve /metrics on; 0.0.0.0 is everybody"
    ),
    Parameter(
        "prometheus.port", 9464, "", "port to serve /metrics on; 0 serves nothing", 0, 65535
    ),
    Parameter("event_log.enabled", True, "", "whether events are written down"),
    Parameter("event_log.directory", "", "", "where to; empty: the folder of the ROS logs"),
    Parameter(
        "event_log.max_size_mb", 10.0, "MB", "size at which a file is closed", 0.001, 10000.0
    ),
    Parameter("event_log.files", 5, "", "how many files are kept, with the present one", 1, 100),
    *(parameter for row in LIMITS for parameter in row.parameters()),
)


def make_settings(given: Mapping[str, Any]) -> Settings:
    """Settings from the given values and defaults for the rest.

    Raises ParameterError, which names the parameter, for an unknown name or a bad value.
    """
    refuse_unknown(given)
    values: dict[str, Any] = {p.name: p.check(given.get(p.name, p.default)) for p in PARAMETERS}
    own = {
        field: values[name]
        for name in values
        if (field := name.replace(".", "_")) in Settings.__dataclass_fields__
    }
    return Settings(
        **own,
        patience=Patience(values["raise_after_s"], values["clear_after_s"]),
        training_actions=_training_actions(values),
        process_names=values["processes.names"],
        limits={row.key: row.limit(values) for row in LIMITS},
    )


def _training_actions(values: Mapping[str, Any]) -> TrainingActions | None:
    axes = values["action.training.axes"]
    if axes == ("",):
        return None
    return TrainingActions(axes, values["action.training.mean"], values["action.training.std"])


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises ParameterError for a name that is not in the table."""
    known = [parameter.name for parameter in PARAMETERS]
    unknown = sorted(n for n in names if n not in known and not n.startswith(OF_RCLPY))
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        mend = f"did you mean {near[0]}?" if near else "check its spelling"
        raise ParameterError(f"{unknown[0]} is not a parameter of vla_monitor: {mend}")


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
        node.declare_parameter(
            parameter.name, _as_declared(value), parameter.descriptor(), ignore_override=True
        )
    return settings


def _as_declared(value: Plain) -> Any:
    return list(value) if isinstance(value, tuple) else value
