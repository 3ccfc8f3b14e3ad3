# SPDX-License-Identifier: Apache-2.0
"""Where the gate keeps its files: apart for each robot, by the full name of its node."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def latch_path(
    directory: str, node_name: str, environment: Mapping[str, str] = os.environ
) -> Path:
    """The file of the e-stop latch; `directory` may be empty, for the one of ROS."""
    return _folder(directory, _home(environment)) / f"{_plain(node_name)}.latched"


def log_path(directory: str, node_name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The file of the newest events; `directory` may be empty, for the logs of ROS."""
    logs = environment.get("ROS_LOG_DIR") or _home(environment) / "log"
    return _folder(directory, Path(logs)) / f"{_plain(node_name)}.events.jsonl"


def _folder(directory: str, otherwise: Path) -> Path:
    return Path(directory).expanduser() if directory else otherwise


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("ROS_HOME")
    return Path(home).expanduser() if home else Path.home() / ".ros"


def _plain(node_name: str) -> str:
    """`/robot1/vla_safety` as a file name."""
    return node_name.strip("/").replace("/", ".")
