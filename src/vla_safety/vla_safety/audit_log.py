# SPDX-License-Identifier: Apache-2.0
"""Writes every event as a line of JSON into files that take turns, without being waited for.

The newest events are in the file that is named, older ones in the same name with .1, .2, ...
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TextIO

MEGABYTE = 1_000_000
_BATCH = 1000
_WAIT_S = 0.2


class AuditLog:
    """Takes events at any rate and writes them in a thread of its own, each exactly once.

    While the disk does not take them `trouble` says so, and up to `patience` of them wait; `lost`
    counts those beyond.
    """

    def __init__(self, path: Path, max_bytes: int, files: int, patience: int = 200_000) -> None:
        self.path = path
        self.trouble = ""
        self.lost = 0
        self._max_bytes = max_bytes
        self._files = files
        self._patience = patience
        self._waiting: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        self._batch: list[Mapping[str, Any]] = []
        self._closing = threading.Event()
        self._file: TextIO | None = None
        self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)
        self._thread.start()

    def write(self, event: Mapping[str, Any]) -> None:
        """Take `event`, whose values JSON knows; returns at once."""
        if self._waiting.qsize() < self._patience:
            self._waiting.put(event)
        else:
            self.lost += 1

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what still waits, and end."""
        self._closing.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while self._next_batch() or not self._closing.is_set():
            try:
                self._write_batch()
                self.trouble = ""
            except OSError as error:
                self.trouble = f"events are not logged: {self.path} cannot be written ({error})"
                self._put_down()
                if self._closing.wait(_WAIT_S):
                    return
        self._put_down()

    def _next_batch(self) -> bool:
        """Wait a moment for events; whether there are any to write."""
        with contextlib.suppress(Empty):
            if not self._batch:
                self._batch.append(self._waiting.get(timeout=_WAIT_S))
            while len(self._batch) < _BATCH:
                self._batch.append(self._waiting.get_nowait())
        return bool(self._batch)

    def _write_batch(self) -> None:
        if not self._batch:
            return
        file = self._open()
        file.write("".join(json.dumps(event) + "\n" for event in self._batch))
        file.flush()
        self._batch = []  # only now: what could not be written still waits

    def _open(self) -> TextIO:
        """A file that has room for more."""
        if self._file is not None and self._file.tell() >= self._max_bytes:
            self._put_down()
            self._take_turns()
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        return self._file

    def _take_turns(self) -> None:
        for number in range(self._files - 1, 0, -1):
            newer = self._numbered(number - 1)
            if newer.exists():
                newer.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def _put_down(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # the next file tells what is wrong with the disk
                file.close()
