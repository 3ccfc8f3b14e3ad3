# SPDX-License-Identifier: Apache-2.0
"""Judges a policy in closed loop, without ROS: rooms that training never saw."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from vla_policy.action import ActionSpec
from vla_policy.checkpoint import load_policy, read_config
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_train.drivers import ExpertDriver, PolicyDriver
from vla_train.processes import driving_processes
from vla_train.rollout import LATENCY_S, Driver, Episode
from vla_train.scenario import draw_scenario

EPISODES_PER_ROOM = 3


@dataclass(frozen=True)
class EpisodeResult:
    """How one episode went."""

    room: int
    family: str
    instruction: str
    success: bool
    reason: str
    time_s: float
    path_length_m: float
    collisions: int


@dataclass(frozen=True)
class EvaluationJob:
    """One room to judge a policy in, run by a backend; no policy: the expert itself."""

    policy: Path | None
    spec: ActionSpec
    split: str
    room: int
    seed: int
    episodes: int
    backend: str = "torch"


def evaluate(
    policy: Path | None,
    spec: ActionSpec,
    split: str,
    episodes: int,
    seed: int = 0,
    workers: int = 2,
    backend: str = "torch",
) -> Iterator[EpisodeResult]:
    """Drive episodes in the rooms of a split from `seed` on, and yield each result in order."""
    rooms = -(-episodes // EPISODES_PER_ROOM)
    jobs = [
        EvaluationJob(
            policy,
            spec,
            split,
            seed + index,
            seed,
            min(EPISODES_PER_ROOM, episodes - index * EPISODES_PER_ROOM),
            backend,
        )
        for index in range(rooms)
    ]
    with driving_processes(min(workers, rooms)) as pool:
        for results in pool.map(judge_room, jobs):
            yield from results


def judge_room(job: EvaluationJob) -> list[EpisodeResult]:
    """All episodes of one room."""
    torch.set_num_threads(1)
    driver: Driver = (
        ExpertDriver()
        if job.policy is None
        else PolicyDriver(load_policy(job.policy, threads=1, backend=job.backend))
    )
    room = generate_room(job.room, job.split)
    rng = np.random.default_rng([zlib.crc32(b"evaluation"), job.room, job.seed])
    simulation = Simulation(room)
    try:
        return [_judge(simulation, job, driver, rng) for _ in range(job.episodes)]
    finally:
        simulation.close()


def _judge(
    simulation: Simulation, job: EvaluationJob, driver: Driver, rng: np.random.Generator
) -> EpisodeResult:
    scenario = draw_scenario(rng, simulation.room)
    episode = Episode(simulation, scenario, job.spec, LATENCY_S)
    before = simulation.collisions
    last = None
    for frame in episode.drive(driver):
        last = frame.outcome
    assert last is not None
    return EpisodeResult(
        room=job.room,
        family=scenario.task.family,
        instruction=scenario.task.instruction,
        success=last.success,
        reason=last.reason,
        time_s=round(episode.time_s, 2),
        path_length_m=round(episode.judge.path_length_m, 3),
        collisions=simulation.collisions - before,
    )


def summarise(results: list[EpisodeResult]) -> dict[str, Any]:
    """Success with its 95 % Wilson interval, collisions, times; in all and for each family."""
    families = sorted({result.family for result in results})
    return {
        **_rates(results),
        "families": {
            family: _rates([r for r in results if r.family == family]) for family in families
        },
    }


def spec_of(policy: Path) -> ActionSpec:
    """The action space of a checkpoint."""
    return read_config(policy).action


def report_of(results: list[EpisodeResult]) -> dict[str, Any]:
    """The summary and every episode, as plain JSON values."""
    return {**summarise(results), "episodes": [dataclasses.asdict(r) for r in results]}


def _rates(results: list[EpisodeResult]) -> dict[str, Any]:
    successes = sum(result.success for result in results)
    interval = binomtest(successes, len(results)).proportion_ci(0.95, method="wilson")
    return {
        "count": len(results),
        "success_rate": round(successes / len(results), 4),
        "wilson_low": round(float(interval.low), 4),
        "wilson_high": round(float(interval.high), 4),
        "collision_rate": round(sum(r.collisions > 0 for r in results) / len(results), 4),
        "mean_time_s": round(float(np.mean([r.time_s for r in results])), 2),
    }
