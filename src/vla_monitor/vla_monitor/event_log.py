# SPDX-License-Identifier: Apache-2.0
"""A file of JSON lines that bounds its size, and survives the death of whoever writes it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vla_monitor.journal import Event

SUFFIX = ".jsonl"
RETRY_AFTER_S = 5.0
MAX_TEXT = 2000  # characters of one text in a line
MAX_WRITERS = 100  # of one folder and robot at a time


@dataclass(frozen=True)
class Moment:
    """One moment on the wall clock, the node clock and the steady clock [s]."""

    wall_s: float
    ros_s: float
    steady_s: float


def encode(event: Event, robot: str, moment: Moment) -> str:
    """The event as one line of JSON, without its end; the first keys are those that people read.

    Numbers that JSON does not know (NaN, infinity) become null.
    """
    line = {
        "time": datetime.fromtimestamp(moment.wall_s, UTC).isoformat(timespec="milliseconds"),
        "level": event.level.name,
        "event": event.kind,
        "subject": event.subject,
        "message": _plain(event.message),
        "robot": robot,
        "ros_time_s": round(moment.ros_s, 6),
        "steady_time_s": round(moment.steady_s, 6),
        "values": {key: _plain(value) for key, value in event.values.items()},
    }
    return json.dumps(line, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    # A text with half a surrogate pair could not be written as UTF-8.
    return value[:MAX_TEXT].encode(errors="replace").decode() if isinstance(value, str) else value


class EventLog:
    """Appends lines to `<folder>/events_<robot>.jsonl` and closes it at a size.

    A closed file becomes `.jsonl.1`, the one before it `.2`, and so on; only `files` are kept.
    Each line is handed to the system when it is written, so that a process that is killed loses
    none. Where it cannot write it says so in `error` and tries again: a full disk is no reason
    not to watch the robot.
    """

    def __init__(self, folder: Path, robot: str, max_bytes: int, files: int) -> None:
        self.error = ""
        self.lines = 0
        self.lost = 0
        self.path: Path | None = None
        self._folder = folder
        self._name = f"events_{re.sub(r'[^A-Za-z0-9_.-]+', '_', robot)}"
        self._max_bytes = max_bytes
        self._files = files
        self._file: int | None = None
        self._size = 0
        self._failed_s: float | None = None

    def write(self, line: str, now_s: float) -> bool:
        """Appends one line; False where that is not possible now."""
        if self._failed_s is not None and now_s - self._failed_s < RETRY_AFTER_S:
            self.lost += 1
            return False
        try:
            self._append((line + "\n").encode())
        except OSError as error:
            self.error = f"cannot write the event log in {self._folder}: {error}"
            self.lost += 1
            self._failed_s = now_s
            self.close()
            return False
        self.error, self._failed_s = "", None
        self.lines += 1
        return True

    def close(self) -> None:
        """Gives the file back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def values(self) -> Mapping[str, str | int]:
        """What there is to know about it."""
        path = "" if self.path is None else str(self.path)
        return {"file": path, "lines": self.lines, "lines_lost": self.lost}

    def _append(self, line: bytes) -> None:
        if self._file is None:
            self._open_own()
        elif self._size and self._size + len(line) > self._max_bytes:
            self._rotate()
        assert self._file is not None
        while line:
            written = os.write(self._file, line)
            self._size += written
            line = line[written:]

    def _open_own(self) -> None:
        """Opens the first of the possible files that no other living monitor writes to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, MAX_WRITERS + 1):
            name = self._name if number == 1 else f"{self._name}-{number}"
            if self._open(self._folder / f"{name}{SUFFIX}"):
                return
        raise OSError(f"{MAX_WRITERS} monitors write there already")

    def _open(self, path: Path) -> bool:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file, self.path = file, path
        self._size = os.fstat(file).st_size
        self._end_torn_line(file)
        return True

    def _end_torn_line(self, file: int) -> None:
        """A line that a crash of the machine cut off must not spoil the next one."""
        if self._size and os.pread(file, 1, self._size - 1) != b"\n":
            self._size += os.write(file, b"\n")

    def _rotate(self) -> None:
        assert self.path is not None
        self.close()
        for number in range(self._files - 1, 0, -1):
            older = self._numbered(number)
            with contextlib.suppress(FileNotFoundError):
                self._numbered(number - 1).replace(older)
        if self._files == 1:
            self.path.unlink()
        self._open_own()

    def _numbered(self, number: int) -> Path:
        assert self.path is not None
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path


def default_folder(environment: Mapping[str, str]) -> Path:
    """Where ROS nodes log to: ROS_LOG_DIR, or `log` in ROS_HOME, which is ~/.ros by default."""
    if environment.get("ROS_LOG_DIR"):
        return Path(environment["ROS_LOG_DIR"]).expanduser()
    return Path(environment.get("ROS_HOME") or "~/.ros").expanduser() / "log"
