# SPDX-License-Identifier: Apache-2.0
"""Far more commands than anybody can use."""

from __future__ import annotations

import contextlib
import time
from itertools import pairwise
from pathlib import Path

import psutil

from vla_bringup.demo.aftermath import GATE
from vla_bringup.faults.measurement import Measurement, at_least, at_most, middle, percentile
from vla_bringup.faults.probe import Probe, wait_until
from vla_bringup.faults.stage import Stage

RATE_HZ = 2000.0
DURATION_S = 10.0
E_STOP_SOURCES, E_STOP_RATE_HZ = 4, 2500.0
TICK_P99_S = 0.04
GROWTH_MB = 2.0
E_STOP_WITHIN_S = 0.2
TRIES = 3


def run(folder: Path) -> list[Measurement]:
    """2 kHz for ten seconds, and an e-stop under 10 kHz."""
    with Stage(folder, simulator=False) as stage:
        stage.probe.arm()
        with stage.source(0.3, rate_hz=RATE_HZ):
            measurements = _flooded(stage)
    return measurements + middle(_pressed(folder) for _ in range(TRIES))


def _flooded(stage: Stage) -> list[Measurement]:
    probe = stage.probe
    gate = psutil.Process(stage.gate.pids[GATE])
    time.sleep(2.0)
    before, since_s = gate.memory_info().rss, time.monotonic()
    inputs = len(probe.inputs)
    time.sleep(DURATION_S)
    rate_hz = (len(probe.inputs) - inputs) / DURATION_S
    grown_mb = (gate.memory_info().rss - before) / 1e6
    times = [heard.at_s for heard in probe.outputs if heard.at_s > since_s]
    p99_s = percentile((b - a for a, b in pairwise(times)), 0.99)
    return [
        at_least("flood: commands heard a second", 500.0, rate_hz, "Hz"),
        at_most("flood of 2 kHz: p99 between outputs", TICK_P99_S, p99_s, "s"),
        at_most("flood of 2 kHz: growth of the gate", GROWTH_MB, grown_mb, "MB"),
    ]


def _pressed(folder: Path) -> list[Measurement]:
    with Stage(folder, simulator=False) as stage, contextlib.ExitStack() as sources:
        probe = stage.probe
        probe.arm()
        for _ in range(E_STOP_SOURCES):
            sources.enter_context(stage.source(0.3, rate_hz=E_STOP_RATE_HZ))
        wait_until(lambda: probe.speed() > 0.2, 10.0, "a movement")
        return _e_stop(probe)


def _e_stop(probe: Probe) -> list[Measurement]:
    probe.ignore_inputs()
    time.sleep(1.0)
    pressed_s = time.monotonic()
    probe.press(True)
    wait_until(lambda: probe.speed() == 0.0, 10.0, "zero")
    zero_s = next(h.at_s for h in probe.outputs if h.at_s > pressed_s and h.linear == 0.0)
    return [at_most("e-stop under 10 kHz: zero after", E_STOP_WITHIN_S, zero_s - pressed_s, "s")]
