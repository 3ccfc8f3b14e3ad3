# SPDX-License-Identifier: Apache-2.0
"""Reads event logs: all files of a folder as one history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vla_monitor.event_log import SUFFIX
from vla_monitor.levels import Level

Line = Mapping[str, Any]


def log_files(folder: Path) -> list[Path]:
    """The files of every event log in a folder, the closed ones included."""
    return sorted(folder.glob(f"events_*{SUFFIX}*"))


def history(files: Iterable[Path], at_least: Level = Level.OK) -> list[Line]:
    """The events of these files that are at least so grave, oldest first."""
    lines = (line for path in files for line in _lines(path))
    return sorted((line for line in lines if _level(line) >= at_least), key=_time)


def parse(text: str) -> Line | None:
    """One line of a log; None for one that is torn, or of something else."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and {"time", "level", "message"} <= set(line) else None


def _lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            line = parse(text)
            if line is not None:
                yield line


def _level(line: Line) -> Level:
    return Level.__members__.get(str(line["level"]), Level.ERROR)


def _time(line: Line) -> str:
    return str(line["time"])
