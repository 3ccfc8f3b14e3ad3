# SPDX-License-Identifier: Apache-2.0
"""Starts processes, notices how each one ends, and ends them all."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from vla_bringup.lifeline import lifeline
from vla_bringup.procfile import Program

GRACE_S = 3.0
"""How long a process may take to end when it is asked to."""

POLL_S = 0.02

Output = int | IO[bytes]


@dataclass(frozen=True)
class Exit:
    """A process that has ended.

    Attributes:
        returncode: exit status; minus the signal's number if a signal killed it.
        at_s: when that was noticed, on the monotonic clock [s].
    """

    name: str
    returncode: int
    at_s: float

    @property
    def killed(self) -> bool:
        """True if a signal ended it, false if it ended by itself."""
        return self.returncode < 0

    def __str__(self) -> str:
        if self.killed:
            return f"{self.name} died (signal {-self.returncode})"
        return f"{self.name} ended (exit status {self.returncode})"


class Supervisor:
    """A set of processes, each in a session of its own, none of which outlives this one."""

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        self.programs = tuple(programs)
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, output: Callable[[Program], Output]) -> None:
        """Start every process; `output(program)` says where its lines go.

        Call it from the main thread: the processes die with the thread that starts them.
        """
        tie = lifeline()
        for program in self.programs:
            self._running[program.name] = subprocess.Popen(
                program.command,
                shell=True,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output(program),
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=tie,
            )

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of those that still run, by name."""
        return {name: process.pid for name, process in self._running.items()}

    def pipe(self, name: str) -> IO[bytes] | None:
        """The lines of a running process that was started with ``subprocess.PIPE``."""
        return self._running[name].stdout

    def exits(self) -> list[Exit]:
        """Those that have ended since the last call."""
        ended = []
        for name, process in list(self._running.items()):
            returncode = process.poll()
            if returncode is not None:
                del self._running[name]
                _signal_group(process.pid, signal.SIGKILL)  # what it may have started itself
                ended.append(Exit(name, returncode, time.monotonic()))
        return ended

    def stop(self, grace_s: float = GRACE_S) -> list[Exit]:
        """End every process, stopped ones too; kill those that take longer than the grace."""
        for process in self._running.values():
            _signal_group(process.pid, signal.SIGTERM)
            _signal_group(process.pid, signal.SIGCONT)  # a stopped process hears nothing else
        ended = self._wait(grace_s)
        for process in self._running.values():
            _signal_group(process.pid, signal.SIGKILL)
        return ended + self._wait(grace_s)

    def _wait(self, limit_s: float) -> list[Exit]:
        ended = self.exits()
        until = time.monotonic() + limit_s
        while self._running and time.monotonic() < until:
            time.sleep(POLL_S)
            ended += self.exits()
        return ended


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
