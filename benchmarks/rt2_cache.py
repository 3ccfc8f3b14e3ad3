# SPDX-License-Identifier: Apache-2.0
"""How many looks a second RT-2 takes in eager PyTorch, with keys and values kept and without."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console

from benchmarks.figures import Report, at_least
from benchmarks.spread import over_rounds, percentiles
from vla_policy.backends.backend import ACTIONS, Options
from vla_policy.backends.deployment import load_deployment
from vla_policy.backends.reference import Reference
from vla_policy.backends.torch_eager import EagerBackend
from vla_policy.checkpoint import shipped_checkpoint
from vla_policy.models.rt2.network import RT2
from vla_train.exporting import REFERENCE_SPLIT, record_reference
from vla_train.progress import ProgressBar

POLICY = "rt2_mini"
ROUNDS, OBSERVATIONS = 3, 60
LOOKS_PER_S = 10.0
"""One for each step of a chunk: what it is trained for."""
KEPT, ANEW, SAME = "kept", "anew", "same"


def measure(rounds: int = ROUNDS, observations: int = OBSERVATIONS) -> Report:
    """The same observations both ways, look by look in turn, on one thread."""
    source = shipped_checkpoint(POLICY)
    with ProgressBar(Console()) as bar:
        reference = record_reference(source, REFERENCE_SPLIT, observations, bar)
        ways = {KEPT: backend_of(source, cached=True), ANEW: backend_of(source, cached=False)}
        turns = bar.track(range(rounds), description="measuring")
        return report_of([_round(ways, reference) for _ in turns])


def backend_of(source: Path, cached: bool) -> EagerBackend:
    """The network of a checkpoint that keeps what it has read, or reads it anew for each word."""
    network = load_deployment(source, Options(threads=1))
    model = cast(RT2, network.model)
    model.answer = functools.partial(model.answer, cached=cached)  # type: ignore[method-assign]
    return EagerBackend("torch", network, "cpu")


def report_of(rounds: list[dict[str, list[float]]]) -> Report:
    """Of each round: the milliseconds of each look both ways, and whether both said the same."""
    measured: dict[str, Any] = {
        way: over_rounds(percentiles(each[way]) for each in rounds) for way in (KEPT, ANEW)
    }
    ratios = [{"ratio": float(np.median(e[ANEW]) / np.median(e[KEPT]))} for e in rounds]
    measured |= over_rounds(ratios)
    same = float(np.mean([each[SAME] for each in rounds]))
    rate = {way: 1e3 / measured[way]["p50"]["median"] for way in (KEPT, ANEW)}
    figures = [
        at_least("looks a second, keys and values kept", rate[KEPT], LOOKS_PER_S),
        at_least(
            "speed in times of reading all anew for each word", measured["ratio"]["median"], 1.0
        ),
        at_least("share of looks that say the same both ways", same, 0.99),
    ]
    return Report(figures, measured | {"looks_per_s": rate})


def _round(ways: dict[str, EagerBackend], reference: Reference) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {KEPT: [], ANEW: [], SAME: []}
    for inputs in reference.rows():
        said = {}
        for way, backend in ways.items():
            started = time.perf_counter()
            said[way] = backend.run(inputs)[ACTIONS]
            found[way].append((time.perf_counter() - started) * 1e3)
        found[SAME].append(float(np.allclose(said[KEPT], said[ANEW], atol=1e-5)))
    return found
