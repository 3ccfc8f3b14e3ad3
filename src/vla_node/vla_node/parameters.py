# SPDX-License-Identifier: Apache-2.0
"""The parameters of the node: one table, and a frozen value that checks itself against it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from vla_node import executors
from vla_node.blending import BLENDINGS, RTC
from vla_node.errors import ParameterError
from vla_policy.action import ActionSpec
from vla_policy.errors import ActionSpecError
from vla_policy.policy import Policy, further_cameras, obstacle_to_continuing


@dataclass(frozen=True)
class Row:
    """One parameter: name, default, meaning, unit, range (both ends belong to it) or choices."""

    name: str
    default: Any
    description: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Name of the attribute of `Settings` that holds it."""
        return self.name.replace(".", "_")

    def descriptor(self) -> ParameterDescriptor:
        """Description and range in the form that `ros2 param describe` shows."""
        unit = f" [{self.unit}]" if self.unit else ""
        descriptor = ParameterDescriptor(description=self.description + unit)
        # The type of an empty list cannot be inferred, and YAML gives no value at all for it.
        descriptor.dynamic_typing = isinstance(self.default, list)
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=self.low, to_value=self.high)
                ]
            else:
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)
                ]
        return descriptor

    def error(self, value: object) -> ParameterError:
        """The sentence for a value that is not allowed."""
        expected = _KINDS[type(self.default)]
        if self.low is not None and self.high is not None:
            unit = f" {self.unit}" if self.unit else ""
            span = f"from {self.low:g} to {self.high:g}{unit}"
            right_type = type(value) is type(self.default)
            expected = span if right_type else f"{expected} {span}"
        if self.choices:
            expected = f"one of {', '.join(self.choices)}"
        return ParameterError(f"parameter {self.name} must be {expected} (got {value!r})")


_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number with a decimal point (5.0, not 5)",
    str: "a text that is not empty",
    list: "a list",
}

TABLE = (
    Row("autostart", True, "Configure and activate without being told to by a lifecycle manager"),
    Row("robot_name", "robot", "Name of the robot in diagnostics (hardware_id)"),
    Row(
        "executor",
        executors.DEFAULT,
        "What turns the callbacks: events (from Kilted on) or single_threaded",
        choices=executors.NAMES,
    ),
    Row("base_frame", "base_link", "Frame that commands and vla/path are given in"),
    Row("policy", "end_to_end", "Name of a shipped checkpoint, or a directory that holds one"),
    Row("device", "cpu", "Where the model runs, as torch names it: cpu, cuda, cuda:0"),
    Row("backend", "torch", "What runs the model: a name that `vla bench` lists, or auto"),
    Row("threads", 1, "CPU threads of the model; 0 leaves the choice to the library", "", 0, 256),
    Row(
        "camera.transport",
        "raw",
        "What the camera sends: raw images, or compressed ones (on <topic>/compressed)",
        choices=("raw", "compressed"),
    ),
    Row(
        "camera.reliability",
        "best_effort",
        "QoS of the camera's subscription: best_effort or reliable",
        choices=("best_effort", "reliable"),
    ),
    Row("camera.depth", 1, "Images that wait for the node; the newest is of use", "", 1, 100),
    Row(
        "camera.further_topics",
        [],
        "Topics of the further cameras that the policy looks at, in its order",
    ),
    Row("action.names", [], "Actions that the checkpoint must have; empty accepts any"),
    Row("action.low", [], "Lower bounds that it must have, m/s and rad/s; empty accepts any"),
    Row("action.high", [], "Upper bounds that it must have, m/s and rad/s; empty accepts any"),
    Row("control_rate_hz", 30.0, "Rate at which commands are published", "Hz", 1.0, 200.0),
    Row(
        "max_inference_rate_hz",
        15.0,
        "Most inferences a second; 0 looks at every image that the model has time for",
        "Hz",
        0.0,
        240.0,
    ),
    Row(
        "image_timeout_s",
        0.5,
        "Without an image for so long the robot is stopped",
        "s",
        0.05,
        10.0,
    ),
    Row(
        "blending",
        "replace",
        "How a new chunk takes over: replace, linear, temporal_ensemble, or rtc (by the policy)",
        choices=BLENDINGS,
    ),
    Row(
        "ramp_down_s",
        0.2,
        "When a chunk runs out, the last action shrinks to zero in so long",
        "s",
        0.0,
        2.0,
    ),
    Row("slow_age_s", 0.25, "Age of a ready chunk from which diagnostics warn", "s", 0.01, 10.0),
    Row("gated", False, "Publish to the gate (vla/cmd_vel) instead of straight to cmd_vel"),
    Row("enable_stamped_cmd_vel", False, "On cmd_vel publish TwistStamped instead of Twist"),
)

_TEXTS = ("action.names", "camera.further_topics")
"""Lists of texts; the others are lists of numbers."""

_ROWS = {row.name: row for row in TABLE}


@dataclass(frozen=True)
class Settings:
    """The checked values of all parameters; see `TABLE` for meaning, unit and range.

    Raises:
        ParameterError: a value is out of range, or the three `action` lists contradict
            each other.
    """

    autostart: bool
    robot_name: str
    executor: str
    base_frame: str
    policy: str
    device: str
    backend: str
    threads: int
    camera_transport: str
    camera_reliability: str
    camera_depth: int
    camera_further_topics: tuple[str, ...]
    action_names: tuple[str, ...]
    action_low: tuple[float, ...]
    action_high: tuple[float, ...]
    control_rate_hz: float
    max_inference_rate_hz: float
    image_timeout_s: float
    blending: str
    ramp_down_s: float
    slow_age_s: float
    gated: bool
    enable_stamped_cmd_vel: bool

    def __post_init__(self) -> None:
        for row in TABLE:
            _check(row, getattr(self, row.field))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Settings:
        """The settings for values by parameter name; what is absent has its default.

        Raises:
            ParameterError: a name is unknown, or a value is not allowed.
        """
        for name in values:
            if name not in _ROWS:
                raise ParameterError(f"unknown parameter {name!r}: expected {', '.join(_ROWS)}")
        fields = {row.field: _plain(row, values.get(row.name, row.default)) for row in TABLE}
        return cls(**fields)

    def check_policy(self, policy: Policy) -> None:
        """Refuse a policy that cannot do what was configured.

        Raises:
            ParameterError: its actions or cameras are others, or its chunks cannot be blended so.
        """
        self.check_spec(policy.spec)
        self._check_cameras(policy)
        obstacle = obstacle_to_continuing(policy) if self.blending == RTC else ""
        if obstacle:
            others = ", ".join(name for name in BLENDINGS if name != RTC)
            raise ParameterError(
                f"blending {RTC!r} is not possible with the policy {policy.name!r}: {obstacle}. "
                f"Choose one of {others}"
            )

    def check_spec(self, spec: ActionSpec) -> None:
        """Refuse a checkpoint whose action space is not the one that was configured.

        Raises:
            ParameterError: it names each difference.
        """
        try:
            wanted = ActionSpec(
                names=self.action_names or spec.names,
                low=self.action_low or spec.low,
                high=self.action_high or spec.high,
                dt=spec.dt,
                horizon=spec.horizon,
            )
        except ActionSpecError as error:
            raise ParameterError(
                "parameters action.names, action.low and action.high do not fit the checkpoint "
                f"{self.policy!r} with the actions {', '.join(spec.names)}: {error}"
            ) from error
        differences = [f"action.{sentence}" for sentence in wanted.differences(spec)]
        if differences:
            raise ParameterError(
                f"the checkpoint {self.policy!r} is for another action space: "
                f"{'; '.join(differences)}. Choose another policy, or change these parameters"
            )

    def _check_cameras(self, policy: Policy) -> None:
        wanted, given = further_cameras(policy), self.camera_further_topics
        if len(wanted) != len(given):
            names = f" ({', '.join(wanted)})" if wanted else ""
            raise ParameterError(
                f"the policy {policy.name!r} looks at {len(wanted)} further camera(s){names}: "
                f"camera.further_topics must name as many (got {len(given)})"
            )


def declare(node: Node) -> None:
    """Declare every parameter of the table on `node`.

    Raises:
        ParameterError: a value that was given from outside has another type or is out of range.
    """
    for row in TABLE:
        try:
            node.declare_parameter(row.name, row.default, row.descriptor())
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise row.error(_given(node).get(row.name)) from error


def read(node: Node) -> Settings:
    """The present values of the parameters of `node`.

    Raises:
        ParameterError: a value is not allowed.
    """
    return Settings.from_values({row.name: node.get_parameter(row.name).value for row in TABLE})


def refusal(current: Mapping[str, Any], changes: Mapping[str, Any], configured: bool) -> str:
    """Why these changes are not taken at run time; empty where they are.

    Args:
        current: values by name, as they are now.
        changes: values by name, as somebody wants them; names of others are ignored.
        configured: whether the node has read its parameters already.
    """
    ours = {name: value for name, value in changes.items() if name in _ROWS}
    if ours and configured:
        return (
            f"{', '.join(ours)} is read when the node is configured: "
            "deactivate it and clean it up first"
        )
    try:
        Settings.from_values({**current, **ours})
    except ParameterError as error:
        return str(error)
    return ""


def unknown(node: Node) -> list[str]:
    """A sentence for each parameter that was given to this node and that nobody declared."""
    sentences = []
    for name in _given(node):
        if not node.has_parameter(name) and not name.startswith("qos_overrides."):
            close = difflib.get_close_matches(name, _ROWS, n=1)
            hint = f": do you mean {close[0]}?" if close else ""
            sentences.append(f"parameter {name} is unknown and has no effect{hint}")
    return sentences


def _given(node: Node) -> Mapping[str, Any]:
    """The values that were given from outside, by name; rclpy shows them nowhere else."""
    return {name: override.value for name, override in node._parameter_overrides.items()}


def _plain(row: Row, value: Any) -> Any:
    """`value` as `Settings` holds it: lists as tuples, an absent list as an empty one."""
    if not isinstance(row.default, list):
        return value
    if value is None:
        return ()
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise row.error(value)
    if row.name in _TEXTS:
        return tuple(value)
    try:
        return tuple(float(entry) for entry in value)
    except (TypeError, ValueError) as error:
        raise row.error(list(value)) from error


def _check(row: Row, value: Any) -> None:
    if isinstance(row.default, list):
        if row.name in _TEXTS and not all(isinstance(entry, str) for entry in value):
            raise row.error(list(value))
        return
    if type(value) is not type(row.default):
        raise row.error(value)
    if isinstance(value, str) and not value.strip():
        raise row.error(value)
    if row.choices and value not in row.choices:
        raise row.error(value)
    # Written so that NaN, which compares false with everything, is refused.
    if row.low is not None and row.high is not None and not row.low <= value <= row.high:
        raise row.error(value)
