# SPDX-License-Identifier: Apache-2.0
"""A model that takes longer and longer: what the robot is told meanwhile, and whether it arrives.

Twice: the real node over DDS shows when commands come; the simulator, in its own time, shows how
the robot drives with each way to go from chunk to chunk, and with a node that waits for its model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.exports import fastest_export
from benchmarks.figures import Figure, Report, at_most
from benchmarks.graph import Scene, our_node, record
from benchmarks.spread import over_rounds
from benchmarks.virtual import SYNCHRONOUS, Drive, Stack, drive
from vla_node.blending import BLENDINGS, RTC
from vla_node.parameters import TABLE
from vla_policy.checkpoint import load_policy
from vla_train.benchmark import find_split
from vla_train.processes import driving_processes

DELAYS_MS = (0, 100, 300, 1000)
ROUNDS, SECONDS = 3, 20.0
EPISODES = int(os.environ.get("VLA_BENCH_EPISODES", "100"))
EPISODES_A_ROOM = 4
SPLIT, SEED = "seen", 0
WORKERS = 2
POLICY = "end_to_end"
DEFAULTS = {row.name: row.default for row in TABLE}
PERIOD_MS = 1e3 / DEFAULTS["control_rate_hz"]


@dataclass(frozen=True)
class Job:
    """Some episodes of one room."""

    export: Path
    backend: str
    room: int
    episodes: int
    stack: Stack


def measure(rounds: int = ROUNDS, seconds: float = SECONDS, episodes: int = EPISODES) -> Report:
    """Delays in turn, each with each blending."""
    export = fastest_export(POLICY)
    commands = _commands(export.folder, export.backend, rounds, seconds)
    drives = _drives(export.folder, export.backend, episodes)
    figures = [
        at_most(
            f"largest gap at {delay} ms in control periods",
            commands[str(delay)]["largest_gap_ms"]["high"] / PERIOD_MS,
            1.5,
        )
        for delay in DELAYS_MS
    ]
    figures.append(_lost(drives, DEFAULTS["blending"]))
    return Report(
        figures,
        {
            "commands": commands,
            "drives": drives,
            "episodes": episodes,
            "rtc": "not driven: the decoder of the shipped policy gives all actions at once",
        },
    )


def _commands(export: Path, backend: str, rounds: int, seconds: float) -> dict[str, dict]:
    """Rate and largest gap of the commands of the real node, by delay."""
    collected: dict[str, list[dict[str, float]]] = {str(delay): [] for delay in DELAYS_MS}
    for _ in range(rounds):
        for delay in DELAYS_MS:
            variables = {"VLA_BENCH_POLICY": str(export), "VLA_BENCH_DELAY_MS": str(delay)}
            node = our_node(variables=variables, backend=backend, threads=1)
            gaps = record(node, Scene(), seconds).gaps_ms()
            collected[str(delay)].append(
                {
                    "rate_hz": round(1e3 / float(gaps.mean()), 2),
                    "largest_gap_ms": round(float(gaps.max()), 2),
                }
            )
    return {delay: over_rounds(values) for delay, values in collected.items()}


def _drives(export: Path, backend: str, episodes: int) -> dict[str, dict[str, dict]]:
    """Success and jerk in the simulator, by blending and delay."""
    blendings = (*(name for name in BLENDINGS if name != RTC), SYNCHRONOUS)
    summary: dict[str, dict[str, dict]] = {name: {} for name in blendings}
    for delay in DELAYS_MS:
        for name in blendings:
            stack = Stack(
                delay_s=delay * 1e-3,
                blending=name,
                control_rate_hz=DEFAULTS["control_rate_hz"],
                inference_rate_hz=DEFAULTS["max_inference_rate_hz"],
                image_timeout_s=DEFAULTS["image_timeout_s"],
                ramp_down_s=DEFAULTS["ramp_down_s"],
            )
            jobs = list(_jobs(export, backend, episodes, stack))
            with driving_processes(WORKERS) as pool:
                results = [result for room in pool.map(drive_room, jobs) for result in room]
            summary[name][str(delay)] = {
                "success": round(float(np.mean([each.success for each in results])), 4),
                "collisions": round(float(np.mean([each.collided for each in results])), 4),
                "jerk": round(float(np.median([each.jerk for each in results])), 3),
                "time_s": round(float(np.mean([each.time_s for each in results])), 2),
            }
    return summary


def _jobs(export: Path, backend: str, episodes: int, stack: Stack) -> Iterator[Job]:
    for room, first in enumerate(range(0, episodes, EPISODES_A_ROOM)):
        count = min(EPISODES_A_ROOM, episodes - first)
        yield Job(export, backend, SEED + room, count, stack)


def drive_room(job: Job) -> list[Drive]:
    """The episodes of one room, the same for every stack."""
    policy = load_policy(job.export, threads=1, backend=job.backend)
    return drive(policy, job.stack, job.room, find_split(SPLIT), job.episodes)


def _lost(drives: dict[str, dict[str, dict]], blending: str) -> Figure:
    none, slow = (drives[blending][delay]["success"] for delay in ("0", "300"))
    return at_most(f"success lost at 300 ms with {blending} [points]", 100 * (none - slow), 5.0)
