# SPDX-License-Identifier: Apache-2.0
"""Parameter files: reading a value, and writing what the command line overrides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Overrides = Mapping[str, Mapping[str, Any]]
"""Values by node name and parameter name."""


def read_parameter(path: Path, name: str) -> Any:
    """The value of a parameter in the file of one node; None if it is not in there.

    Args:
        path: of the file.
        name: with a dot between the levels, as ROS writes it.
    """
    value = None
    for node in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).values():
        found = _within((node or {}).get("ros__parameters", {}), name)
        value = value if found is None else found
    return value


def _within(parameters: Any, name: str) -> Any:
    if isinstance(parameters, Mapping) and name not in parameters and "." in name:
        group, rest = name.split(".", 1)
        return _within(parameters.get(group), rest)
    return parameters.get(name) if isinstance(parameters, Mapping) else None


def write_overrides(path: Path, overrides: Overrides) -> None:
    """Write a parameter file that holds for the named nodes in any namespace."""
    nodes = {
        f"/**/{node}": {"ros__parameters": dict(values)}
        for node, values in overrides.items()
        if values
    }
    path.write_text(yaml.safe_dump(nodes), encoding="utf-8")
