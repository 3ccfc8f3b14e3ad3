# SPDX-License-Identifier: Apache-2.0
"""The gate's parameters as ROS knows them: read at start, described, and guarded while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from vla_safety.errors import ParameterError
from vla_safety.settings import Settings, is_meant_for_gate
from vla_safety.specification import Specification


def declare(node: Node) -> Settings:
    """Declare every parameter on `node` and return what they say; raises ParameterError.

    `node` has to be made with automatically_declare_parameters_from_overrides, so that a
    misspelled name in a file is found instead of leaving its limit at the default.
    """
    given = {
        name: parameter.value
        for name, parameter in node.get_parameters_by_prefix("").items()
        if not _is_of_every_node(name)
    }
    settings = _settings_from(node, given)
    for name, row in settings.table.items():
        if node.has_parameter(name):
            node.undeclare_parameter(name)
        node.declare_parameter(name, settings.values[name], describe(row), ignore_override=True)
    return settings


def guard(
    node: Node, allow: Callable[[dict[str, Any]], Settings], apply: Callable[[Settings], None]
) -> None:
    """From now on let `allow` judge every change on `node` as a whole, and then `apply` it.

    `allow` gets the proposed values and raises ParameterError to refuse all of them.
    """
    accepted: list[Settings] = []

    def judge(parameters: list[Parameter]) -> SetParametersResult:
        accepted.clear()
        ours = {p.name: p.value for p in parameters if not _is_of_every_node(p.name)}
        try:
            if ours:
                accepted.append(allow(ours))
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def take(parameters: list[Parameter]) -> None:
        while accepted:
            apply(accepted.pop())

    node.add_on_set_parameters_callback(judge)
    node.add_post_set_parameters_callback(take)


def describe(row: Specification) -> ParameterDescriptor:
    """What `ros2 param describe` shows of `row`."""
    unit = f" [{row.unit}]" if row.unit else ""
    descriptor = ParameterDescriptor(
        name=row.name,
        description=f"{row.description}{unit}",
        read_only=row.read_only,
        # A number may be written without its point in YAML, and a limit may be absent.
        dynamic_typing=row.kind is float,
    )
    if row.low is not None and row.high is not None:
        if row.kind is float:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=row.low, to_value=row.high)
            ]
        elif row.kind is int:
            descriptor.integer_range = [
                IntegerRange(from_value=int(row.low), to_value=int(row.high), step=1)
            ]
    return descriptor


def _settings_from(node: Node, given: dict[str, Any]) -> Settings:
    """Settings from `given`; what cannot be meant for the gate is left out with a warning."""
    checks = [name for name in given.get("checks") or [] if isinstance(name, str)]
    ours = {name: value for name, value in given.items() if is_meant_for_gate(name, checks)}
    for name in given.keys() - ours.keys():
        node.get_logger().warning(f"the parameter {name} is not one of the gate's: ignored")
    return Settings.from_values(ours)


def _is_of_every_node(name: str) -> bool:
    """Whether rclpy itself declares a parameter of this name."""
    return name in {"use_sim_time", "start_type_description_service"} or name.startswith(
        "qos_overrides."
    )
