# SPDX-License-Identifier: Apache-2.0
"""Runs the simulated robot in the foreground, with the lines of all processes side by side."""

from __future__ import annotations

import datetime
import os
import selectors
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from vla_bringup.environment import with_defaults
from vla_bringup.interruption import Interruption, ignore_interruptions, interruptible
from vla_bringup.nodes import simulated_robot
from vla_bringup.procfile import Program
from vla_bringup.shared_memory import clear_half_made_ports
from vla_bringup.supervisor import Exit, Supervisor
from vla_bringup.talk import domain_name

WAIT_S = 0.1
ARM_LIMIT_S = 120
OURSELVES = "vla"
CHUNK = 65536


class Lines:
    """Prints what processes write, line by line, each with its time and a coloured name."""

    def __init__(self, names: Sequence[str], output: TextIO) -> None:
        self._printer = Printer(output, width=max(len(name) for name in names))
        colours = get_colours()
        self._colours = {name: next(colours) for name in names}
        self._begun: dict[str, bytes] = {}

    def say(self, text: str) -> None:
        """A line of our own."""
        self._print(OURSELVES, text.encode())

    def take(self, name: str, data: bytes) -> None:
        """Bytes that a process has written; a line is printed once it is whole."""
        *lines, self._begun[name] = (self._begun.get(name, b"") + data).split(b"\n")
        for line in lines:
            self._print(name, line)

    def close(self, name: str) -> None:
        """The process will write no more."""
        rest = self._begun.pop(name, b"")
        if rest:
            self._print(name, rest)

    def _print(self, name: str, line: bytes) -> None:
        now = datetime.datetime.now()
        self._printer.write(Message("line", line or b" ", now, name, self._colours.get(name)))


class Pipes:
    """The outputs of running processes, read as they come."""

    def __init__(self, supervisor: Supervisor, lines: Lines) -> None:
        self._lines = lines
        self._selector = selectors.DefaultSelector()
        for name in supervisor.pids:
            pipe = supervisor.pipe(name)
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, name)

    @property
    def open(self) -> bool:
        """Whether there may be more to come."""
        return bool(self._selector.get_map())

    def read(self, wait_s: float) -> bool:
        """Print what has come, at most after `wait_s`; False if there was nothing."""
        ready = self._selector.select(wait_s)
        for key, _ in ready:
            data = os.read(key.fd, CHUNK)
            if data:
                self._lines.take(key.data, data)
            else:
                self._selector.unregister(key.fileobj)
                self._lines.close(key.data)
        return bool(ready)


def run_in_foreground(*, seed: int | None, policy: str | None, arm: bool, namespace: str) -> int:
    """Run the simulated robot until Ctrl-C or until a process ends by itself; the exit status.

    Raises:
        InstallationError: something is not installed or not built.
    """
    with tempfile.TemporaryDirectory(prefix="vla_sim_") as folder:
        robot = simulated_robot(Path(folder), seed=seed, policy=policy, namespace=namespace)
        helper = Supervisor([_arming(namespace)] if arm else [], with_defaults(os.environ))
        names = [OURSELVES, *(program.name for program in robot.programs)]
        lines = Lines(names, sys.stdout)
        for sentence in clear_half_made_ports():
            lines.say(sentence)
        _greet(lines, arm)
        return run_until_ended([robot, helper], lines)


def run_until_ended(supervisors: Sequence[Supervisor], lines: Lines) -> int:
    """Run everything and print its lines; the exit status.

    All is ended when a process of the first supervisor ends by itself, and its status is ours;
    and on SIGINT, SIGTERM and SIGHUP, with 0. One that is killed leaves the others up: the
    gate has to go on holding the robot.
    """
    status = 0
    outputs: list[Pipes] = []
    try:
        with interruptible():
            try:
                for supervisor in supervisors:
                    supervisor.start(lambda _: subprocess.PIPE)
                    outputs.append(Pipes(supervisor, lines))
                status = _follow(supervisors, outputs, lines)
            finally:
                ignore_interruptions()
                lines.say("ending all processes")
                for supervisor in reversed(supervisors):
                    supervisor.stop()
                while any(output.read(0.0) for output in outputs):
                    pass
    except Interruption:
        pass  # This is how it is meant to end.
    return status


def _follow(supervisors: Sequence[Supervisor], outputs: Sequence[Pipes], lines: Lines) -> int:
    """Print lines until a process ends by itself, or none is left; the exit status."""
    robot, *helpers = supervisors
    while robot.pids:
        for output in outputs:
            output.read(WAIT_S / len(outputs))
        for helper in helpers:
            helper.exits()  # Its lines tell how it went.
        for ended in robot.exits():
            if not ended.killed:
                lines.say(str(ended))
                return ended.returncode or 1
            lines.say(_without(ended, robot))
    return 1


def _without(ended: Exit, robot: Supervisor) -> str:
    left = ", ".join(robot.pids) or "nothing"
    return f"{ended}; {left} still up, Ctrl-C ends it"


def _arming(namespace: str) -> Program:
    """A process that arms the gate as soon as there is one, and ends."""
    command = [sys.executable, "-m", "vla_bringup", "arm", "--timeout", str(ARM_LIMIT_S)]
    if namespace:
        command += ["--namespace", namespace]
    return Program(OURSELVES, f"exec {shlex.join(command)}")


def _greet(lines: Lines, arm: bool) -> None:
    lines.say(f"a simulated robot in ROS domain {domain_name()}, until Ctrl-C")
    lines.say('in another terminal: vla say "go to the red ball", vla status, vla estop')
    if arm:
        lines.say("the gate will be armed: the robot drives when it is told to")
    else:
        lines.say("the gate stays disarmed: `vla arm` lets the robot drive")
