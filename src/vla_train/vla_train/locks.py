# SPDX-License-Identifier: Apache-2.0
"""Locks on files. The system takes them back when a process ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from vla_train.errors import TrainError

LOCK_FILE = ".lock"


@contextlib.contextmanager
def after_others(folder: Path) -> Iterator[None]:
    """Wait until no other process does so in this folder, which is there."""
    with (folder / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def run_alone(folder: Path) -> Iterator[None]:
    """Hold the folder of a training run; it is made where it is missing.

    Raises:
        TrainError: another process holds it. Two that write one state would both be lost.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainError(
                f"another training run is at work in {folder}: end it, or give this one another "
                "folder (--out)"
            ) from error
        yield
