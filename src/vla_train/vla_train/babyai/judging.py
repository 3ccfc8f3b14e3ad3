# SPDX-License-Identifier: Apache-2.0
"""Judges players on levels with several processes, and gathers what they did."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vla_train.babyai.checkpoint import load
from vla_train.babyai.evaluation import EpisodeResult, play, report_of
from vla_train.babyai.levels import find_level
from vla_train.babyai.players import BotPlayer, NetworkPlayer, Player, RandomPlayer
from vla_train.processes import driving_processes

BASELINES: dict[str, Callable[[int], Player]] = {"bot": BotPlayer, "random": RandomPlayer}
PART = 125
"""Episodes that a process plays at a time."""


@dataclass(frozen=True)
class Contestant:
    """Whom to judge on which level.

    Attributes:
        name: what tables call it: an architecture or one of `BASELINES`.
        checkpoint: its directory; None: a baseline.
    """

    level: str
    name: str
    checkpoint: Path | None = None


def judge(
    contestant: Contestant,
    seeds: Sequence[int],
    workers: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Play the episodes of these seeds; gives the report.

    Args:
        say: told now and then how many of the episodes so far succeeded.
    """
    parts = [seeds[i : i + PART] for i in range(0, len(seeds), PART)]
    results: list[EpisodeResult] = []
    with driving_processes(min(workers, len(parts))) as pool:
        for played in pool.map(functools.partial(_play_part, contestant), parts):
            results += played
            right = sum(result.success for result in results)
            say(f"{contestant.level} {contestant.name}: {right} of {len(results)}")
    return {"level": contestant.level, "policy": contestant.name, **report_of(results)}


def _play_part(contestant: Contestant, seeds: Sequence[int]) -> list[EpisodeResult]:
    torch.set_num_threads(1)
    level = find_level(contestant.level)
    if contestant.checkpoint is None:
        return list(play(level, seeds, BASELINES[contestant.name]))
    network, config = load(contestant.checkpoint)
    return list(play(level, seeds, lambda n: NetworkPlayer(network, config.network, n)))
