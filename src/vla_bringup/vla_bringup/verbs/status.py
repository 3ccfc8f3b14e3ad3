# SPDX-License-Identifier: Apache-2.0
"""`vla status`: how every part of the robot is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vla_bringup import topics
from vla_bringup.errors import NobodyThereError
from vla_bringup.options import Namespace, Timeout

if TYPE_CHECKING:
    from rich.table import Table

LEVELS = {
    0: ("OK", "green"),
    1: ("WARN", "yellow"),
    2: ("ERROR", "red"),
    3: ("STALE", "magenta"),
}
"""Levels of diagnostic_msgs/DiagnosticStatus, and how they are shown."""


def status(
    namespace: Namespace = "",
    timeout: Timeout = 2.5,
    values: Annotated[bool, typer.Option(help="Show the numbers behind each line too.")] = False,
) -> None:
    """Show what the gate and every node report about themselves."""
    from rich.console import Console

    from vla_bringup.talk import domain_name

    heard = listen(namespace, timeout)
    if not heard:
        raise NobodyThereError(
            f"no node reported anything within {timeout:g} s in ROS domain {domain_name()}: "
            "start the robot first (`vla sim` starts a simulated one)"
        )
    Console().print(status_table(heard, values))


def listen(namespace: str, duration_s: float) -> dict[str, Any]:
    """The last DiagnosticStatus of everyone who reports within the time, by name."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

    from vla_bringup import qos
    from vla_bringup.talk import passing_node

    heard: dict[str, Any] = {}

    def take(status: DiagnosticStatus) -> None:
        heard[status.name] = status

    def take_all(array: DiagnosticArray) -> None:
        for status in array.status:
            take(status)

    with passing_node("status", namespace) as node:
        node.create_subscription(DiagnosticStatus, topics.GATE_STATE, take, qos.LATCHED)
        node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, take_all, qos.DIAGNOSTICS)
        until = time.monotonic() + duration_s
        while time.monotonic() < until:
            rclpy.spin_once(node, timeout_sec=0.1)
    return heard


def status_table(heard: Mapping[str, Any], values: bool) -> Table:
    """One row for each reporter: name, level and message; and its values if wanted."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=values)
    for column in ("part", "level", "says", "values")[: 4 if values else 3]:
        table.add_column(column)
    for name in sorted(heard):
        status = heard[name]
        label, colour = level_name(status.level)
        numbers = Text("\n".join(f"{pair.key}: {pair.value}" for pair in status.values))
        row = (Text(name), Text(label, style=colour), Text(status.message), numbers)
        table.add_row(*row[: len(table.columns)])
    return table


def level_name(level: bytes | int) -> tuple[str, str]:
    """The name and the colour of a level, which rclpy hands over as one byte."""
    number = level[0] if isinstance(level, bytes) else level
    return LEVELS.get(number, (str(number), "white"))
