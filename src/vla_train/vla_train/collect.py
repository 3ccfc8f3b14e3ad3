# SPDX-License-Identifier: Apache-2.0
"""Collects labelled frames: rooms, episodes, whoever drives, and the expert's labels."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vla_policy.checkpoint import load_policy
from vla_policy.model_policy import ModelPolicy
from vla_sim.phrasebook import Phrasebook
from vla_sim.robot import CAMERA, Camera
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_sim.splits import train_side
from vla_train.config import RunConfig
from vla_train.curriculum import Curriculum
from vla_train.dataset_writer import write_dataset
from vla_train.drivers import PUSH_CHANCE, CorrectedDriver, ExpertDriver, PushedDriver
from vla_train.glance import draw_glance
from vla_train.join import join_shards, remove_shards
from vla_train.lesson import View
from vla_train.processes import driving_processes
from vla_train.questions import ask
from vla_train.rollout import Episode, Frame
from vla_train.scenario import TEACHING_WEIGHTS, Scenario, draw_scenario
from vla_train.shard import ShardBuilder, Taught
from vla_train.survey import glanced, ranges_in

MAX_LATENCY_S = 0.4
USUAL_LATENCY_S = 0.1
USUAL_SHARE = 0.7
"""Share of episodes with a latency of at most the usual one."""
CAMERA_SPREAD = {"fovy_deg": 1.5, "z": 0.015, "pitch_deg": 1.5, "x": 0.01}
"""How far a room's camera is off the one that it is meant to be."""
QUESTIONS = 2
"""Of a frame, where so many can be asked."""
SPLIT = "train"
ROUND_ROOMS = 100_000
"""Rooms are numbered first_room + round * this + n: no room is driven in twice."""


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
    """Collect the shards of a round that are not there yet, then join them to its data set.

    Yields after each shard, with its number of frames; -1 where nothing was left to do.
    """
    plan = config.rounds[round_number]
    shards = round_shards(config, round_number, data)
    dataset = round_dataset(round_number, data)
    if not shards or dataset.exists():
        remove_shards(dataset, shards)
        yield from (-1 for _ in shards)
        return
    jobs = [
        ShardJob(config, round_number, shard, path, policy, glances=shard >= plan.shards)
        for shard, path in enumerate(shards)
    ]
    missing = [job for job in jobs if not job.directory.exists()]
    yield from (-1 for _ in range(len(jobs) - len(missing)))
    if missing:
        with driving_processes(min(workers, len(missing))) as pool:
            for future in as_completed([pool.submit(collect_shard, job) for job in missing]):
                yield future.result()
    join_shards(dataset, shards, config.action, config.image_size)


def round_dataset(round_number: int, data: Path) -> Path:
    """Where the data set of a round lies once all of it is collected."""
    return data / f"round_{round_number}"


def round_shards(config: RunConfig, round_number: int, data: Path) -> list[Path]:
    """Where the shards of a round lie until then: the driven ones, then the glances."""
    plan = config.rounds[round_number]
    folder = data / f"round_{round_number}.shards"
    return [folder / f"shard_{shard:03d}" for shard in range(plan.shards + plan.glance_shards)]


def collect_shard(job: ShardJob) -> int:
    """Drive a shard's episodes and write its frames; returns how many."""
    torch.set_num_threads(1)
    config = job.config
    rng = np.random.default_rng([config.seed, zlib.crc32(SPLIT.encode()), job.round, job.shard])
    asking = rng.spawn(1)[0]  # what is asked does not change how it is driven
    policy = None if job.policy is None else load_policy(job.policy)
    assert policy is None or isinstance(policy, ModelPolicy)
    builder = ShardBuilder(config.action, config.image_size)
    for room in _rooms(job):
        if job.glances:
            _glance_around(builder, job, room, rng, asking)
        else:
            _collect_room(builder, job, room, policy, rng, asking)
    return write_dataset(job.directory, [builder.part()], config.action, config.image_size)


def _rooms(job: ShardJob) -> range:
    """Numbers of a shard's rooms."""
    config = job.config
    first = config.first_room + job.round * ROUND_ROOMS
    if not job.glances:
        first += job.shard * config.rooms_per_shard
        return range(first, first + config.rooms_per_shard)
    first += ROUND_ROOMS // 2 + job.shard * config.rooms_per_glance_shard
    return range(first, first + config.rooms_per_glance_shard)


def _glance_around(
    builder: ShardBuilder,
    job: ShardJob,
    number: int,
    rng: np.random.Generator,
    asking: np.random.Generator,
) -> None:
    room = generate_room(number, SPLIT)
    curriculum = Curriculum(rng, room, Phrasebook.of(train_side()), job.config.action)
    simulation = Simulation(room, camera=_draw_camera(rng))
    try:
        for _ in range(job.config.glances_per_room):
            simulation.teleport(draw_glance(rng, room))
            view = View(room, simulation.pose, simulation.camera)
            lessons, questions = curriculum.lessons(view), ask(view, asking, QUESTIONS)
            about = glanced(rng, view)
            image = simulation.render()
            builder.add_episode([Taught(image, lessons, about, ranges_in(view), questions)])
    finally:
        simulation.close()


def _collect_room(
    builder: ShardBuilder,
    job: ShardJob,
    number: int,
    policy: ModelPolicy | None,
    rng: np.random.Generator,
    asking: np.random.Generator,
) -> None:
    room = generate_room(number, SPLIT)
    book = Phrasebook.of(train_side())
    curriculum = Curriculum(rng, room, book, job.config.action)
    simulation = Simulation(room, camera=_draw_camera(rng))
    try:
        for _ in range(job.config.episodes_per_room):
            scenario = draw_scenario(rng, room, book, weights=TEACHING_WEIGHTS)
            by_policy = rng.random() < job.config.rounds[job.round].policy_share
            driver = _driver(job, scenario, policy if by_policy else None, rng)
            history = 1 if policy is None else policy.history
            latency_s = _draw_latency(rng)
            episode = Episode(simulation, scenario, job.config.action, latency_s, history)
            taught = [(frame, driver.lesson, driver.about) for frame in episode.drive(driver)]
            expert_drove = policy is None or not by_policy
            if expert_drove and not _worth_learning([frame for frame, *_ in taught]):
                continue
            builder.add_episode(
                Taught(
                    frame.observation.images[-1],
                    [lesson, *curriculum.lessons(frame.view)],
                    about,
                    ranges_in(frame.view),
                    ask(frame.view, asking, QUESTIONS),
                )
                for frame, lesson, about in taught
            )
    finally:
        simulation.close()


def _driver(
    job: ShardJob, scenario: Scenario, policy: ModelPolicy | None, rng: np.random.Generator
) -> PushedDriver:
    task, spec = scenario.task, job.config.action
    if policy is None:
        return PushedDriver(ExpertDriver(task, spec, rng), rng, PUSH_CHANCE)
    policy.prepare(task.instruction)
    driver = CorrectedDriver(policy, task, spec, rng.spawn(1)[0])
    return PushedDriver(driver, rng, PUSH_CHANCE / 4)


def _draw_latency(rng: np.random.Generator) -> float:
    most = USUAL_LATENCY_S if rng.random() < USUAL_SHARE else MAX_LATENCY_S
    return float(rng.uniform(0.0, most))


def _draw_camera(rng: np.random.Generator) -> Camera:
    """The camera as it might be mounted."""
    return dataclasses.replace(
        CAMERA,
        **{
            name: getattr(CAMERA, name) + spread * float(np.clip(rng.normal(), -2, 2))
            for name, spread in CAMERA_SPREAD.items()
        },
    )


def _worth_learning(frames: list[Frame]) -> bool:
    """Whether the expert got there: where it did not, its labels say nothing good."""
    outcome = frames[-1].outcome
    return outcome is not None and outcome.success
