# SPDX-License-Identifier: Apache-2.0
"""The processes of a measurement: started together, ended for sure."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENDING_S = 10.0


def python_module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our programs."""
    return [sys.executable, "-m", f"benchmarks.programs.{name}", *arguments]


@contextlib.contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], output: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, which is ended by SIGINT and, where it hangs, killed."""
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(output.open("ab")) if output else subprocess.DEVNULL
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_S)
            return
