# SPDX-License-Identifier: Apache-2.0
"""The folder that a demo writes to."""

from __future__ import annotations

import fcntl
import re
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from vla_bringup.errors import RefusedError

REPORT = "report.json"
PICTURE = "path.png"
VIDEO = "camera.gif"
LOGS = "log"

LEFT_OVER = ("*.log", "*.jsonl*", "*.latched")
"""What an earlier demo leaves among the logs; the last is an e-stop that would still hold."""

ROS_PREFIX = re.compile(r"^\[[A-Z]+\] \[[0-9.]+\] \[[^]]*\]: ")
"""Severity, time and node, as rcutils writes them by default."""


class Outputs:
    """A folder that is ours alone while the demo runs, without the files of an earlier one.

    Raises:
        RefusedError: nothing can be written there, or another demo is using it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = folder / REPORT
        self.picture = folder / PICTURE
        self.video = folder / VIDEO
        self.logs = folder / LOGS
        self._lock = self._claim()
        try:
            self._clear()
        except BaseException:
            self._lock.close()
            raise

    def log(self, process: str) -> Path:
        """The file that takes the lines of a process."""
        return self.logs / f"{process}.log"

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.close()

    def _claim(self) -> IO[str]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Permission bits do not tell whether a file can really be made here.
            with tempfile.TemporaryFile(dir=self.folder):
                pass
            lock = (self.folder / ".lock").open("a", encoding="utf-8")
        except OSError as error:
            raise RefusedError(
                f"cannot write to {self.folder} ({error.strerror or error}): "
                "choose another folder with --out"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise RefusedError(
                f"another demo is writing to {self.folder}: choose another folder with --out"
            ) from error
        return lock

    def _clear(self) -> None:
        try:
            for path in (self.report, self.picture, self.video):
                path.unlink(missing_ok=True)
            self.logs.mkdir(exist_ok=True)
            for pattern in LEFT_OVER:
                for path in self.logs.rglob(pattern):
                    path.unlink()
        except OSError as error:
            raise RefusedError(
                f"{error.filename} is in the way ({error.strerror}): "
                "remove it, or choose another folder with --out"
            ) from error


def last_words(path: Path) -> str:
    """The last line of a log, without what ROS puts in front of it; empty if there is none."""
    return "".join(ROS_PREFIX.sub("", line) for line in last_lines(path, 1))


def last_lines(path: Path, count: int = 12) -> list[str]:
    """The last lines of a log, without empty ones; none if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]
