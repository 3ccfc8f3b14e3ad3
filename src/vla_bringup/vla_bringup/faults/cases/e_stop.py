# SPDX-License-Identifier: Apache-2.0
"""Somebody presses the e-stop, many times over."""

from __future__ import annotations

import time
from pathlib import Path

from vla_bringup.faults.measurement import Measurement, at_most, percentile
from vla_bringup.faults.probe import FaultError, Probe, wait_until
from vla_bringup.faults.stage import Stage

TRIES = 50
P99_S = 0.1


def run(folder: Path) -> list[Measurement]:
    """From the press to zero at the base's topic."""
    with Stage(folder, simulator=False) as stage:
        stage.probe.arm()
        times = [_press(stage.probe) for _ in range(TRIES)]
    return [
        at_most("e-stop: p99 from the press to zero", P99_S, percentile(times, 0.99), "s"),
        at_most("e-stop: median", P99_S, percentile(times, 0.5), "s"),
    ]


def _press(probe: Probe) -> float:
    until_s = time.monotonic() + 10.0
    while probe.speed() < 0.2:
        probe.command(0.3)
        time.sleep(1 / 30)
        if time.monotonic() > until_s:
            raise FaultError("the robot does not move between two presses")
    pressed_s = time.monotonic()
    probe.press(True)
    wait_until(lambda: probe.speed() == 0.0, 5.0, "zero")
    zero_s = next(h.at_s for h in probe.outputs if h.at_s > pressed_s and h.linear == 0.0)
    probe.press(False)
    time.sleep(0.3)  # the last command has to time out, or the reset is refused
    wait_until(probe.reset, 10.0, "a reset")
    return zero_s - pressed_s
