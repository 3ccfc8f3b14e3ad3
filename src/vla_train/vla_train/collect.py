# SPDX-License-Identifier: Apache-2.0
"""Collects labelled frames: rooms, episodes, whoever drives, and the expert's labels."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.checkpoint import load_policy
from vla_policy.models.vision import ConvEncoder
from vla_policy.policy import Policy
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_train.config import RunConfig
from vla_train.dataset import ShardBuilder
from vla_train.drivers import PUSH_CHANCE, ExpertDriver, PolicyDriver, PushedDriver
from vla_train.glance import glance
from vla_train.lesson import Lesson, further_lessons
from vla_train.processes import driving_processes
from vla_train.rollout import Episode, Frame
from vla_train.scenario import Scenario, draw_scenario

MAX_LATENCY_S = 0.1
SPLIT = "train"
ROUND_ROOMS = 100_000
"""Rooms are numbered round * this + n: no room is driven in twice."""


@dataclass(frozen=True)
class ShardJob:
    """One shard to collect.

    Attributes:
        policy: checkpoint of the policy that drives its share of the episodes.
        glances: single looks instead of driven episodes.
    """

    config: RunConfig
    round: int
    shard: int
    directory: Path
    policy: Path | None
    glances: bool


def collect_round(
    config: RunConfig, round_number: int, data: Path, policy: Path | None, workers: int
) -> Iterator[int]:
    """Collect the shards of a round that are not there yet; yields after each, with its size."""
    plan = config.rounds[round_number]
    jobs = [
        ShardJob(config, round_number, shard, path, policy, glances=shard >= plan.shards)
        for shard, path in enumerate(round_shards(config, round_number, data))
    ]
    missing = [job for job in jobs if not job.directory.exists()]
    yield from (-1 for _ in range(len(jobs) - len(missing)))
    if not missing:
        return
    with driving_processes(min(workers, len(missing))) as pool:
        for future in as_completed([pool.submit(collect_shard, job) for job in missing]):
            yield future.result()


def round_shards(config: RunConfig, round_number: int, data: Path) -> list[Path]:
    """Where the shards of a round lie: the driven ones, then the glances."""
    plan = config.rounds[round_number]
    folder = data / f"round_{round_number}"
    return [folder / f"shard_{shard:03d}" for shard in range(plan.shards + plan.glance_shards)]


def collect_shard(job: ShardJob) -> int:
    """Drive a shard's episodes and write its frames; returns how many."""
    torch.set_num_threads(1)
    config = job.config
    rng = np.random.default_rng([config.seed, zlib.crc32(SPLIT.encode()), job.round, job.shard])
    policy = load_policy(job.policy) if job.policy is not None else None
    size = (config.model.image_height, config.model.image_width)
    builder = ShardBuilder(
        config.action, size, (size[0] // ConvEncoder.stride, size[1] // ConvEncoder.stride)
    )
    for room in _rooms(job):
        if job.glances:
            _glance_around(builder, job, room, rng)
        else:
            _collect_room(builder, job, room, policy, rng)
    builder.write(job.directory)
    return len(builder)


def _rooms(job: ShardJob) -> range:
    """Numbers of a shard's rooms."""
    config = job.config
    first = job.round * ROUND_ROOMS
    if not job.glances:
        first += job.shard * config.rooms_per_shard
        return range(first, first + config.rooms_per_shard)
    first += ROUND_ROOMS // 2 + job.shard * config.rooms_per_glance_shard
    return range(first, first + config.rooms_per_glance_shard)


def _glance_around(
    builder: ShardBuilder, job: ShardJob, number: int, rng: np.random.Generator
) -> None:
    simulation = Simulation(generate_room(number, SPLIT))
    try:
        for _ in range(job.config.glances_per_room):
            builder.add(*glance(rng, simulation, job.config.action))
    finally:
        simulation.close()


def _collect_room(
    builder: ShardBuilder,
    job: ShardJob,
    number: int,
    policy: Policy | None,
    rng: np.random.Generator,
) -> None:
    room = generate_room(number, SPLIT)
    simulation = Simulation(room)
    try:
        for _ in range(job.config.episodes_per_room):
            scenario = draw_scenario(rng, room)
            latency = float(rng.uniform(0.0, MAX_LATENCY_S))
            episode = Episode(simulation, scenario, job.config.action, latency)
            by_policy = rng.random() < job.config.rounds[job.round].policy_share
            if by_policy and policy is not None:
                driver = PushedDriver(PolicyDriver(policy), rng, PUSH_CHANCE / 4)
                frames = list(episode.drive(driver))
            else:
                frames = list(episode.drive(PushedDriver(ExpertDriver(), rng, PUSH_CHANCE)))
                if not _worth_learning(frames):
                    continue
            for frame in frames:
                builder.add(*_lessons_of(frame, scenario, job, rng))
    finally:
        simulation.close()


def _lessons_of(
    frame: Frame, scenario: Scenario, job: ShardJob, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], list[Lesson]]:
    """The image of a driven frame; the sentence that was driven by, and others."""
    task, state, spec = scenario.task, frame.observation.state, job.config.action
    own = Lesson(task.instruction, state, frame.label, task.target is not None, frame.pixel)
    others = further_lessons(rng, scenario.room, frame.pose, state, spec)
    return frame.observation.images[-1], [own, *others]


def _worth_learning(frames: list[Frame]) -> bool:
    """Whether the expert got there: where it did not, its labels say nothing good."""
    outcome = frames[-1].outcome
    return outcome is not None and outcome.success
