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
    """The value of a parameter in the file of one node; None if it is not in there."""
    value = None
    for node in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).values():
        value = (node or {}).get("ros__parameters", {}).get(name, value)
    return value


def write_overrides(path: Path, overrides: Overrides) -> None:
    """Write a parameter file that holds for the named nodes in any namespace."""
    nodes = {
        f"/**/{node}": {"ros__parameters": dict(values)}
        for node, values in overrides.items()
        if values
    }
    path.write_text(yaml.safe_dump(nodes), encoding="utf-8")
