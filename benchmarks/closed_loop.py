# SPDX-License-Identifier: Apache-2.0
"""Whether the robot arrives as often on each backend: the same episodes of *seen* on all of them.

Exactness on recorded observations does not say this: a chunk differs by little, and what the
robot sees next differs by more.
"""

from __future__ import annotations

import os

from rich.console import Console

from benchmarks.exports import THREADS, exported
from benchmarks.figures import Figure, Report, at_most
from vla_policy.backends.backend import Options
from vla_policy.backends.registry import KINDS
from vla_policy.checkpoint import find_checkpoint, read_config
from vla_train.comparing import EAGER
from vla_train.evaluation import Contestant, EpisodeResult, evaluate, summarise
from vla_train.progress import ProgressBar

POLICY, SPLIT, SEED = "end_to_end", "seen", 0
EPISODES = int(os.environ.get("VLA_BENCH_EPISODES", "300"))
WORKERS = 2
POINTS_LOST = 2.0


def measure(episodes: int = EPISODES) -> Report:
    """Success on each backend that runs here, against eager float32."""
    source, export = find_checkpoint(POLICY), exported(POLICY)
    spec = read_config(source).action
    results: dict[str, list[EpisodeResult]] = {}
    not_run: dict[str, str] = {}
    with ProgressBar(Console()) as bar:
        for kind in KINDS:
            directory = export if kind.graph else source
            obstacle = kind.obstacle(directory, Options(threads=THREADS))
            if obstacle:
                not_run[kind.name] = obstacle
                continue
            contestant = Contestant(spec, directory, backend=kind.name)
            driven = evaluate(contestant, SPLIT, episodes, SEED, WORKERS)
            results[kind.name] = list(bar.track(driven, episodes, description=kind.name))
    return report_of(results, not_run)


def report_of(results: dict[str, list[EpisodeResult]], not_run: dict[str, str]) -> Report:
    """How many points of success each backend loses; eager float32 is among the results."""
    eager = results[EAGER]
    measured = {}
    for name, driven in results.items():
        other = sum(a.success != b.success for a, b in zip(driven, eager, strict=True))
        summary = {key: value for key, value in summarise(driven).items() if key != "families"}
        measured[name] = {**summary, "otherwise_than_eager": other}
    figures = [
        _lost(name, measured[name]["success_rate"], measured[EAGER]["success_rate"])
        for name in results
        if name != EAGER
    ]
    return Report(figures, measured, not_run)


def _lost(name: str, rate: float, eager: float) -> Figure:
    return at_most(
        f"points of success lost by {name}", round(100 * (eager - rate), 2), POINTS_LOST
    )
