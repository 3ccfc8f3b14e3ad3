# SPDX-License-Identifier: Apache-2.0
"""Judges a policy in closed loop, without ROS: rooms that training never saw."""

from __future__ import annotations

import dataclasses
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest

from vla_policy.action import ActionSpec
from vla_policy.checkpoint import find_checkpoint, load_policy, read_config
from vla_policy.policy import Policy
from vla_sim.geometry import Pose
from vla_sim.goal import Drive, Reach
from vla_sim.outcome import GOAL_GAP_M, SPOT_RADIUS_M, gap_to
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_sim.splits import Wordings
from vla_train.baselines import BlindPolicy, DeafPolicy, RandomPolicy
from vla_train.benchmark import find_split
from vla_train.drivers import Driver, ExpertDriver, PolicyDriver
from vla_train.processes import driving_processes
from vla_train.rollout import LATENCY_S, Episode
from vla_train.scenario import Scenario, draw_scenario

EPISODES_PER_ROOM = 3
SEED_ROOMS = 100_000
SHORTEST_WAY_M = 0.1
"""Episodes with a shorter way than this do not count for SPL."""
WITHOUT_POLICY = ("expert", "random")
BASELINES = (*WITHOUT_POLICY, "blind", "deaf")
CAUSES = {
    "collided": "collision",
    "stands at": "at another thing",
    "not there": "not there in time",
    "stands still": "gave up",
    "near it": "lost it",
}
"""Kinds of failure by how a judge's reason begins."""
PATH_EVERY_S = 0.5


@dataclass(frozen=True)
class Contestant:
    """Whom to judge.

    Attributes:
        baseline: one of `BASELINES`, or None for the policy itself.
        policy: directory of the checkpoint; of the policy that is blind or deaf, too.
        backend: what runs its network, a name of `vla_policy.backends.registry`.
    """

    spec: ActionSpec
    policy: Path | None = None
    baseline: str | None = None
    backend: str = "torch"

    def load(self) -> Policy | None:
        """The policy; None for a baseline without one."""
        if self.policy is None:
            return None
        return load_policy(self.policy, threads=1, backend=self.backend)


@dataclass(frozen=True)
class EpisodeResult:
    """How one episode went.

    Attributes:
        wrong_object: whether it ended at another thing than the one that was named.
        spl: success weighted by path length (arXiv 1807.06757, section 3); None where there
            is no way to go.
        path: where the robot was, twice a second [m].
        target: name of the thing that the sentence ends at; None where there is none.
    """

    room: int
    family: str
    kind: str
    instruction: str
    success: bool
    reason: str
    wrong_object: bool
    time_s: float
    path_length_m: float
    spl: float | None
    collisions: int
    path: tuple[tuple[float, float], ...] = ()
    target: str | None = None

    @property
    def cause(self) -> str | None:
        """What kind of failure it was; None where it succeeded."""
        if self.success:
            return None
        return next((c for words, c in CAUSES.items() if self.reason.startswith(words)), "other")


@dataclass(frozen=True)
class EvaluationJob:
    """One room to judge a contestant in."""

    contestant: Contestant
    split: str
    room: int
    seed: int
    episodes: int
    wordings: Wordings | None


def evaluate(
    contestant: Contestant,
    split: str,
    episodes: int,
    seed: int = 0,
    workers: int = 2,
    wordings: Wordings | None = None,
) -> Iterator[EpisodeResult]:
    """Drive episodes of a split and yield each result in order.

    Args:
        seed: moves all rooms and tasks: rooms ``seed * 100,000`` on.
        wordings: sentences in place of the split's.

    Raises:
        TrainError: there is no such split.
    """
    find_split(split)
    rooms = -(-episodes // EPISODES_PER_ROOM)
    jobs = [
        EvaluationJob(
            contestant,
            split,
            seed * SEED_ROOMS + index,
            seed,
            min(EPISODES_PER_ROOM, episodes - index * EPISODES_PER_ROOM),
            wordings,
        )
        for index in range(rooms)
    ]
    with driving_processes(min(workers, rooms)) as pool:
        for results in pool.map(judge_room, jobs):
            yield from results


def judge_room(job: EvaluationJob) -> list[EpisodeResult]:
    """All episodes of one room."""
    torch.set_num_threads(1)
    split = find_split(job.split)
    room = generate_room(job.room, split.rooms)
    rng = np.random.default_rng([zlib.crc32(b"evaluation"), job.room, job.seed])
    book = split.phrasebook(job.wordings)
    latency_s = LATENCY_S + split.added_latency_s
    policy = job.contestant.load()
    needs_images = job.contestant.baseline not in WITHOUT_POLICY
    simulation = Simulation(room, render=needs_images)
    try:
        results = []
        for _ in range(job.episodes):
            scenario = draw_scenario(rng, room, book, preferred=split.preferred)
            driver = _driver(job.contestant, policy, scenario, latency_s)
            history = 1 if policy is None else policy.history
            episode = Episode(simulation, scenario, job.contestant.spec, latency_s, history)
            results.append(_judge(episode, scenario, driver, job.room))
        return results
    finally:
        simulation.close()


def _driver(
    contestant: Contestant, policy: Policy | None, scenario: Scenario, latency_s: float
) -> Driver:
    baseline = contestant.baseline
    own = np.random.default_rng(scenario.seed)  # the same tasks, whoever drives
    if baseline == "expert":
        return ExpertDriver(scenario.task, contestant.spec, own, latency_s)
    if baseline == "random":
        policy = RandomPolicy(contestant.spec, own)
    assert policy is not None
    if baseline == "blind":
        policy = BlindPolicy(policy)
    if baseline == "deaf":
        policy = DeafPolicy(policy, scenario.room, own)
    policy.prepare(scenario.task.instruction)
    return PolicyDriver(policy)


def _judge(episode: Episode, scenario: Scenario, driver: Driver, room: int) -> EpisodeResult:
    last = None
    path: list[tuple[float, float]] = []
    for frame in episode.drive(driver):
        last = frame.outcome
        if last is not None or episode.time_s >= PATH_EVERY_S * len(path):
            pose = frame.view.pose
            path.append((round(pose.x, 2), round(pose.y, 2)))
    assert last is not None
    task, length = scenario.task, episode.judge.path_length_m
    shortest = shortest_way(scenario)
    return EpisodeResult(
        room=room,
        family=task.family,
        kind=task.kind,
        instruction=task.instruction,
        success=last.success,
        reason=last.reason,
        wrong_object=last.at is not None,
        time_s=round(episode.time_s, 2),
        path_length_m=round(length, 3),
        spl=None
        if shortest < SHORTEST_WAY_M
        else round(last.success * shortest / max(length, shortest), 4),
        collisions=int(last.collided),
        path=tuple(path),
        target=None if task.target is None else task.target.name,
    )


def shortest_way(scenario: Scenario) -> float:
    """Length of the straight way to the goal region, from goal to goal [m]."""
    pose, way = scenario.start, 0.0
    for goal in scenario.task.goals:
        if isinstance(goal, Reach):
            if goal.target is None:
                way += max(0.0, pose.distance_to(goal.x, goal.y) - SPOT_RADIUS_M)
            else:
                way += max(0.0, gap_to(pose, goal.target) - GOAL_GAP_M)
            pose = Pose(goal.x, goal.y, pose.yaw)
        elif isinstance(goal, Drive):
            way += abs(goal.distance)
    return way


def summarise(results: list[EpisodeResult]) -> dict[str, Any]:
    """Success with its 95 % Wilson interval, collisions, times; in all and for each family."""
    families = sorted({result.family for result in results})
    return {
        **_rates(results),
        "failures": dict(Counter(r.cause for r in results if r.cause is not None).most_common()),
        "families": {
            family: _rates([r for r in results if r.family == family]) for family in families
        },
    }


def find_contestant(policy: str, of: str, spec: ActionSpec, backend: str = "torch") -> Contestant:
    """Whom a name means: a baseline, a shipped checkpoint or a directory.

    Args:
        of: the policy that is made blind or deaf.
        spec: the action space of baselines without a policy.
        backend: what runs the policy's network.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    if policy in WITHOUT_POLICY:
        return Contestant(spec, baseline=policy)
    directory = find_checkpoint(of if policy in BASELINES else policy)
    baseline = policy if policy in BASELINES else None
    return Contestant(read_config(directory).action, directory, baseline, backend)


def report_of(results: list[EpisodeResult]) -> dict[str, Any]:
    """The summary and every episode, as plain JSON values."""
    return {**summarise(results), "episodes": [dataclasses.asdict(r) for r in results]}


def _rates(results: list[EpisodeResult]) -> dict[str, Any]:
    successes = sum(result.success for result in results)
    ways = [result.spl for result in results if result.spl is not None]
    interval = binomtest(successes, len(results)).proportion_ci(0.95, method="wilson")
    return {
        "count": len(results),
        "success_rate": round(successes / len(results), 4),
        "wilson_low": round(float(interval.low), 4),
        "wilson_high": round(float(interval.high), 4),
        "collision_rate": round(sum(r.collisions > 0 for r in results) / len(results), 4),
        "wrong_object_rate": round(sum(r.wrong_object for r in results) / len(results), 4),
        "spl": round(float(np.mean(ways)), 4) if ways else None,
        "mean_time_s": round(float(np.mean([r.time_s for r in results])), 2),
    }
