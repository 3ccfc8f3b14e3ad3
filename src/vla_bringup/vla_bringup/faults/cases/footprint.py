# SPDX-License-Identifier: Apache-2.0
"""Nothing is broken: what the gate costs while the robot drives, with all its sensors."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from vla_bringup.demo.aftermath import GATE
from vla_bringup.faults.measurement import Measurement, at_least, at_most
from vla_bringup.faults.stage import Stage

DURATION_S = 10.0
CPU_SHARE = 0.15
RESIDENT_MB = 120.0
OUTPUTS_HZ, TOLERANCE_HZ = 50.0, 5.0


def run(folder: Path) -> list[Measurement]:
    """Processor, memory and rate over ten seconds."""
    with Stage(folder) as stage, stage.source(0.2, angular=0.6):
        probe = stage.probe
        probe.arm()
        stage.drive(0.2)
        gate = psutil.Process(stage.gate.pids[GATE])
        before, outputs, began_s = gate.cpu_times(), len(probe.outputs), time.monotonic()
        time.sleep(DURATION_S)
        after, seconds = gate.cpu_times(), time.monotonic() - began_s
        rate_hz = (len(probe.outputs) - outputs) / seconds
        used_s = after.user + after.system - before.user - before.system
        resident_mb = gate.memory_info().rss / 1e6
    return [
        at_most("the gate: share of a core", CPU_SHARE, used_s / seconds),
        at_most("the gate: resident memory", RESIDENT_MB, resident_mb, "MB"),
        at_least("the gate: outputs a second", OUTPUTS_HZ - TOLERANCE_HZ, rate_hz, "Hz"),
        at_most("the gate: no more outputs a second", OUTPUTS_HZ + TOLERANCE_HZ, rate_hz, "Hz"),
    ]
