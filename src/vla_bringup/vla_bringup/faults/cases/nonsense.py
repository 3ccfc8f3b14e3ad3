# SPDX-License-Identifier: Apache-2.0
"""The policy computes nonsense."""

from __future__ import annotations

import math
import time
from pathlib import Path

from vla_bringup.faults.measurement import Measurement, at_most, holds
from vla_bringup.faults.probe import Probe, wait_until
from vla_bringup.faults.stage import Stage

# One tick of 20 ms, and the way there and back.
ZERO_WITHIN_S = 0.04
MAX_VELOCITY = 0.6


def run(folder: Path) -> list[Measurement]:
    """NaN, Inf and 1e300."""
    with Stage(folder, simulator=False) as stage:
        probe = stage.probe
        probe.arm()
        measurements = [_zero_after(probe, bad) for bad in (math.nan, math.inf)]
        time.sleep(1.2)
        _drive(probe, 0.4)
        probe.command(1e300)
        _drive(probe, 0.4)
        fastest = max(abs(heard.linear) for heard in probe.outputs)
        measurements.append(at_most("1e300: largest output", MAX_VELOCITY, fastest, "m/s"))
        time.sleep(1.2)
        for _ in range(3):
            probe.command(math.nan)
            time.sleep(0.1)
        wait_until(lambda: bool(probe.states), 1.0, "a state")
        time.sleep(0.3)
        latched = probe.state() == "e-stop latched"
        measurements.append(holds("three NaN within a second latch", latched))
        finite = all(heard.finite for heard in probe.outputs)
        measurements.append(holds("every output finite, unused axes zero", finite))
        return measurements


def _drive(probe: Probe, seconds: float) -> None:
    for _ in range(round(seconds * 30)):
        probe.command(0.5)
        time.sleep(1 / 30)


def _zero_after(probe: Probe, bad: float) -> Measurement:
    _drive(probe, 1.0)
    wait_until(lambda: probe.speed() > 0.3, 5.0, "a movement")
    sent_s = time.monotonic()
    probe.command(bad)
    wait_until(lambda: probe.speed() == 0.0, 5.0, "zero")
    zero_s = next(h.at_s for h in probe.outputs if h.at_s > sent_s and h.linear == 0.0)
    return at_most(f"{bad}: zero after", ZERO_WITHIN_S, zero_s - sent_s, "s")
