# SPDX-License-Identifier: Apache-2.0
"""Starts the real gate, and the simulator where it is needed, with a probe; ends everything."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import rclpy
from rclpy.signals import SignalHandlerOptions

from vla_bringup import topics
from vla_bringup.demo.aftermath import GATE, SIMULATOR
from vla_bringup.demo.witness import Ear
from vla_bringup.environment import with_defaults, with_path
from vla_bringup.faults.probe import Probe, wait_until
from vla_bringup.installation import config_folder, executable_folders
from vla_bringup.nodes import PROCFILE
from vla_bringup.parameters import write_overrides
from vla_bringup.procfile import Program, read_procfile
from vla_bringup.supervisor import Supervisor

START_LIMIT_S = 120.0
LISTENERS = 2
"""The base and the probe."""

MATCHED_AFTER_S = 1.0
"""The graph tells of a listener a moment before it can be spoken to."""

_NUMBERS = itertools.count(1)


class Stage:
    """The gate as it runs on a robot, and everything around it that a fault run needs.

    Args:
        folder: where the processes keep their lines and the gate its state.
        simulator: whether `vla_sim` runs as well.
        seed: of its room.
        gate: parameters of the gate beside those of its file.
        arguments: what follows on a process' command line, by name.
        environment: further variables for the processes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        simulator: bool = True,
        seed: int = 1,
        gate: Mapping[str, Any] | None = None,
        arguments: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder / f"{next(_NUMBERS):02d}"
        shutil.rmtree(self._folder, ignore_errors=True)  # no latch of an earlier run
        self._folder.mkdir(parents=True)
        self._names = (SIMULATOR, GATE) if simulator else (GATE,)
        self._arguments = dict(arguments or {})
        overrides = self._folder / "overrides.yaml"
        write_overrides(overrides, {GATE: dict(gate or {}), SIMULATOR: {"seed": seed}})
        config = config_folder()
        inherited = with_path(with_defaults(os.environ), executable_folders(self._names))
        self._environment = {
            **inherited,
            "VLA_CONFIG": str(config),
            "VLA_OVERRIDES": str(overrides.absolute()),
            "VLA_NAMESPACE": "/",
            "ROS_HOME": str(self._folder.absolute()),
            "ROS_LOG_DIR": str((self._folder / "ros").absolute()),
            **(environment or {}),
        }
        self._programs = [
            Program(each.name, f"{each.command} {self._arguments.get(each.name, '')}".rstrip())
            for each in read_procfile(config / PROCFILE)
            if each.name in self._names
        ]
        self._cleanup = contextlib.ExitStack()
        self.probe: Probe

    def __enter__(self) -> Stage:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._cleanup.callback(rclpy.try_shutdown)
        try:
            self.probe = Probe()
            self._cleanup.callback(self.probe.destroy_node)
            self.gate = self._start_gate()
            for program in self._programs:
                if program.name != GATE:
                    self.simulator = self.start(program)
            self._ear = self._cleanup.enter_context(Ear(self.probe))
            self._wait_until_ready()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()
        if error is None:
            self._ear.check()  # a probe that went deaf has measured nothing

    def start(self, program: Program) -> Supervisor:
        """Start one more process, which ends with the stage at the latest."""
        supervisor = Supervisor([program], self._environment)
        log = self._cleanup.enter_context((self._folder / f"{program.name}.log").open("ab"))
        self._cleanup.callback(supervisor.stop)
        supervisor.start(lambda _: log)
        return supervisor

    def _start_gate(self) -> Supervisor:
        return self.start(next(each for each in self._programs if each.name == GATE))

    def restart_gate(self) -> None:
        """Start the gate anew after it has ended."""
        self.probe.states.clear()
        self.gate = self._start_gate()
        wait_until(lambda: bool(self.probe.states), START_LIMIT_S, "the gate")

    @contextlib.contextmanager
    def source(
        self, linear: float = 0.5, angular: float = 0.0, rate_hz: float = 30.0
    ) -> Iterator[int]:
        """A process that commands in the policy's place within the block; its process id."""
        command = (
            f"exec {sys.executable} -m vla_bringup.faults.source"
            f" --linear {linear} --angular {angular} --rate {rate_hz}"
        )
        heard = len(self.probe.inputs)
        source = self.start(Program("source", command))
        try:
            wait_until(lambda: len(self.probe.inputs) > heard, START_LIMIT_S, "the source")
            yield source.pids["source"]
        finally:
            source.stop()

    def drive(self, linear: float = 0.5) -> None:
        """Wait until the robot is told to drive at `linear` m/s, and the base does."""
        wait_until(lambda: self.probe.speed() == linear, 20.0, f"{linear} m/s at the output")
        if SIMULATOR in self._names:
            wait_until(
                lambda: abs(self.probe.truths[-1].linear - linear) < 0.05,
                20.0,
                f"{linear} m/s at the base",
            )

    def _wait_until_ready(self) -> None:
        probe = self.probe
        wait_until(lambda: bool(probe.states and probe.outputs), START_LIMIT_S, "the gate")
        if SIMULATOR in self._names:
            wait_until(lambda: bool(probe.truths), START_LIMIT_S, "the simulator")
            # A base that does not hear the gate yet is a base that does not do as it is told.
            wait_until(
                lambda: probe.count_subscribers(topics.COMMAND) >= LISTENERS,
                START_LIMIT_S,
                "the base's ear",
            )
            time.sleep(MATCHED_AFTER_S)
