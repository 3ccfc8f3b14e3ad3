# SPDX-License-Identifier: Apache-2.0
"""The gate itself is killed: then only the base is left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from vla_bringup.demo.aftermath import GATE, SIMULATOR
from vla_bringup.faults.measurement import Measurement, at_most, middle
from vla_bringup.faults.probe import wait_until
from vla_bringup.faults.stage import Stage
from vla_bringup.installation import config_folder
from vla_bringup.parameters import read_parameter

SPEED = 0.5
# Braking at 2.5 m/s2, a period of ground truth, and the drawing of two images, for which the
# simulated base pauses.
SLACK_S = SPEED / 2.5 + 1 / 30 + 0.08
STANDS = 0.02
TRIES = 3


def run(folder: Path) -> list[Measurement]:
    """SIGKILL of the gate while the robot drives."""
    return middle(_killed(folder) for _ in range(TRIES))


def _killed(folder: Path) -> list[Measurement]:
    timeout_s = float(read_parameter(config_folder() / f"{SIMULATOR}.yaml", "cmd_vel_timeout"))
    with Stage(folder) as stage, stage.source(SPEED):
        probe = stage.probe
        probe.arm()
        stage.drive(SPEED)
        killed_s = time.monotonic()
        os.kill(stage.gate.pids[GATE], signal.SIGKILL)
        wait_until(lambda: abs(probe.truths[-1].linear) < STANDS, 10.0, "standstill")
        stood_s = probe.truths[-1].at_s
    return [
        at_most(
            "gate SIGKILL: the base stands after its own timeout",
            timeout_s + SLACK_S,
            stood_s - killed_s,
            "s",
        )
    ]
