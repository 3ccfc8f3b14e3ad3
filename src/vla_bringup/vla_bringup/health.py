# SPDX-License-Identifier: Apache-2.0
"""Whether a robot's containers are well, judged by what its nodes report on /diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NEEDED = ("vla_safety", "vla_node")
"""Nodes without which the robot does not do what it is told."""

ERROR = 2


def complaints(heard: Mapping[str, Any], needed: Iterable[str] = NEEDED) -> list[str]:
    """What is wrong, one sentence each; nothing where all is well.

    A warning is no fault: a gate that is not armed yet gives one.

    Args:
        heard: the last DiagnosticStatus by name, `node: subject`.
        needed: the nodes that have to report, and to report no error.
    """
    return [sentence for node in needed for sentence in _complaints_of(node, heard)]


def _complaints_of(node: str, heard: Mapping[str, Any]) -> list[str]:
    reports = {name: status for name, status in heard.items() if name.startswith(f"{node}: ")}
    if not reports:
        return [f"{node} reports nothing"]
    return [
        f"{name}: {status.message}"
        for name, status in sorted(reports.items())
        if _level(status) >= ERROR
    ]


def _level(status: Any) -> int:
    """The level as a number: rclpy gives a byte."""
    level = status.level
    return level[0] if isinstance(level, bytes) else int(level)
