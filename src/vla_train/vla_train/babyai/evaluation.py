# SPDX-License-Identifier: Apache-2.0
"""Episodes of a level in minigrid, many side by side, and what is said of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest

from vla_train.babyai.environment import open_environment, reset
from vla_train.babyai.levels import Level
from vla_train.babyai.players import Player

SIDE_BY_SIDE = 64


@dataclass(frozen=True)
class EpisodeResult:
    """How the episode of a seed went.

    Attributes:
        success: minigrid gave a reward: the mission was done before the level's own time limit.
    """

    seed: int
    mission: str
    success: bool
    steps: int


def play(
    level: Level,
    seeds: Sequence[int],
    make_player: Callable[[int], Player],
    side_by_side: int = SIDE_BY_SIDE,
) -> Iterator[EpisodeResult]:
    """Play the episode of each seed once; yields results as they end.

    Args:
        make_player: of a player for so many environments.
    """
    waiting = list(reversed(seeds))
    count = min(side_by_side, len(waiting))
    environments = [open_environment(level) for _ in range(count)]
    player = make_player(count)
    observations: list[dict[str, Any]] = []
    running: list[int | None] = []
    steps = [0] * count

    def begin(place: int) -> dict[str, Any]:
        seed = waiting.pop()
        observation = reset(environments[place], seed)
        player.begin(place, environments[place], seed)
        running[place], steps[place] = seed, 0
        return observation

    for place in range(count):
        running.append(None)
        observations.append(begin(place))
    while places := [place for place, seed in enumerate(running) if seed is not None]:
        actions = player.choose(places, [observations[place] for place in places])
        for place, action in zip(places, actions, strict=True):
            seed, environment = running[place], environments[place]
            observations[place], reward, ended, out_of_time, _ = environment.step(int(action))
            steps[place] += 1
            if ended or out_of_time:
                assert seed is not None
                yield EpisodeResult(seed, environment.mission, reward > 0, steps[place])
                running[place] = None
                if waiting:
                    observations[place] = begin(place)


def report_of(results: Sequence[EpisodeResult]) -> dict[str, Any]:
    """Success with its 95 % Wilson interval, and every episode, as plain JSON values."""
    ordered = sorted(results, key=lambda result: result.seed)
    successes = sum(result.success for result in ordered)
    interval = binomtest(successes, len(ordered)).proportion_ci(0.95, method="wilson")
    taken = [result.steps for result in ordered if result.success]
    return {
        "count": len(ordered),
        "successes": successes,
        "success_rate": round(successes / len(ordered), 4),
        "wilson_low": round(float(interval.low), 4),
        "wilson_high": round(float(interval.high), 4),
        "mean_steps": round(float(np.mean(taken)), 2) if taken else None,
        "first_seed": ordered[0].seed,
        "last_seed": ordered[-1].seed,
        "failures": [dataclasses.asdict(result) for result in ordered if not result.success],
    }
