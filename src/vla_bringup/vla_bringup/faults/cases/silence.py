# SPDX-License-Identifier: Apache-2.0
"""The policy dies, or hangs and comes back with its backlog."""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from math import hypot
from pathlib import Path

from vla_bringup.demo.sightings import Truth
from vla_bringup.faults.measurement import Measurement, at_least, at_most, middle
from vla_bringup.faults.probe import Heard, wait_until
from vla_bringup.faults.stage import Stage

SPEED = 0.5
SLOWS_WITHIN_S = 0.29
STANDS_WITHIN_M = 0.195
FRESH_COMMANDS = 3
OLD_S = 0.5
TRIES = 3


def run(folder: Path) -> list[Measurement]:
    """SIGKILL, SIGSTOP and SIGCONT of the source."""
    return [
        measurement
        for number in (signal.SIGKILL, signal.SIGSTOP)
        for measurement in middle(_silenced(folder, number) for _ in range(TRIES))
    ]


def _silenced(folder: Path, number: signal.Signals) -> list[Measurement]:
    with Stage(folder) as stage, stage.source(SPEED) as pid:
        stage.probe.arm()
        stage.drive(SPEED)
        os.kill(pid, number)
        wait_until(lambda: stage.probe.speed() == 0.0, 5.0, "zero")
        time.sleep(0.5)
        measurements = _stop(stage, f"source {number.name}")
        if number == signal.SIGSTOP:
            time.sleep(2.0)
            measurements += _comeback(stage, pid)
        return measurements


def _stop(stage: Stage, what: str) -> list[Measurement]:
    last_s = stage.probe.inputs[-1].at_s
    slowing = next(h for h in stage.probe.outputs if h.at_s > last_s and h.linear < SPEED)
    return [
        at_most(
            f"{what}: deceleration begins after the last command",
            SLOWS_WITHIN_S,
            slowing.at_s - last_s,
            "s",
        ),
        at_most(
            f"{what}: way told to the base until it stands",
            STANDS_WITHIN_M,
            _told_since(stage.probe.outputs, last_s),
            "m",
        ),
        at_most(
            f"{what}: way of the base, with its own lag",
            STANDS_WITHIN_M,
            _way_since(stage.probe.truths, last_s),
            "m",
        ),
    ]


def _told_since(outputs: list[Heard], since_s: float) -> float:
    """How far the outputs lead [m] since a time, each until the next one."""
    last = max(number for number, heard in enumerate(outputs) if heard.at_s <= since_s)
    return sum(a.linear * (b.at_s - max(a.at_s, since_s)) for a, b in pairwise(outputs[last:]))


def _way_since(truths: list[Truth], since_s: float) -> float:
    """How far the base has come [m] since a time, by ground truth."""
    before = max((t for t in truths if t.at_s <= since_s), key=lambda t: t.at_s)
    way = hypot(truths[-1].pose.x - before.pose.x, truths[-1].pose.y - before.pose.y)
    return way - before.linear * (since_s - before.at_s)


def _comeback(stage: Stage, pid: int) -> list[Measurement]:
    """After SIGCONT the source sends at once all that it has missed."""
    probe = stage.probe
    heard, continued_s = len(probe.inputs), time.monotonic()
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: probe.speed() > 0.0, 10.0, "a movement after SIGCONT")
    time.sleep(0.5)  # until the probe, too, has heard all of the backlog
    moved_s = next(h.at_s for h in probe.outputs if h.at_s > continued_s and h.linear > 0.0)
    stamps_s = [h.at_s - h.age_s for h in probe.inputs[heard:]]
    old = sum(stamp_s < continued_s - OLD_S for stamp_s in stamps_s)
    fresh = sum(continued_s <= stamp_s <= moved_s for stamp_s in stamps_s)
    return [
        at_least("source SIGCONT: old commands that moved nothing", 1.0, old),
        at_least("source SIGCONT: fresh commands before a movement", FRESH_COMMANDS, fresh),
    ]
