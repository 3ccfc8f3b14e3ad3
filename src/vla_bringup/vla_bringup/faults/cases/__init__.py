# SPDX-License-Identifier: Apache-2.0
"""What is broken in a fault run, one thing a module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vla_bringup.faults.cases import (
    camera,
    clock,
    crash,
    e_stop,
    failure,
    flood,
    footprint,
    nonsense,
    obstacle,
    rival,
    silence,
)
from vla_bringup.faults.measurement import Measurement

CASES: dict[str, Callable[[Path], list[Measurement]]] = {
    "silence": silence.run,
    "nonsense": nonsense.run,
    "camera": camera.run,
    "clock": clock.run,
    "flood": flood.run,
    "rival": rival.run,
    "e_stop": e_stop.run,
    "failure": failure.run,
    "obstacle": obstacle.run,
    "crash": crash.run,
    "footprint": footprint.run,
}
"""By the name with which one of them is asked for."""
