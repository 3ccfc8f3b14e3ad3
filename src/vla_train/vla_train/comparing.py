# SPDX-License-Identifier: Apache-2.0
"""Runs every backend on the same recorded observations, and writes what was measured."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from vla_policy.backends import hardware, packages
from vla_policy.backends.backend import Options
from vla_policy.backends.registry import KINDS, Kind, find_kind
from vla_policy.backends.trial import Trial, try_apart
from vla_policy.checkpoint import find_checkpoint
from vla_policy.errors import BackendError
from vla_train.exporting import REFERENCE_SPLIT, record_reference
from vla_train.progress import ProgressBar
from vla_train.table import backend_table

TIMEOUT_S = 600.0
EAGER = "torch"
SPEED_UP_BAR = 4.0


def compare_backends(
    policy: str,
    graphs: Path | None,
    names: tuple[str, ...],
    observations: int,
    options: Options,
    out: Path,
    console: Console,
) -> bool:
    """Try the backends one by one, show and write the results; True where all bars are met.

    Raises:
        PolicyError: the checkpoint is missing, or a backend is unknown.
    """
    source = find_checkpoint(policy)
    exported = graphs or Path("out/export") / source.name
    kinds = [find_kind(name) for name in names] or list(KINDS)
    trials: list[Trial] = []
    failures: dict[str, str] = {}
    with ProgressBar(console) as bar, tempfile.TemporaryDirectory() as place:
        file = Path(place) / "reference.npz"
        record_reference(source, REFERENCE_SPLIT, observations, bar).save(file)
        for kind in bar.track(kinds, description="measuring"):
            directory = exported if kind.graph else source
            try:
                trials.append(_try(kind, directory, options, file))
            except BackendError as error:
                failures[kind.name] = str(error)
    console.print(backend_table(trials, failures))
    report = report_of(source.name, trials, failures, options)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return all(figure["passed"] for figure in report["figures"])


def report_of(
    policy: str, trials: Sequence[Trial], failures: Mapping[str, str], options: Options
) -> dict[str, Any]:
    """The results as plain JSON values; `figures` are those with a bar to reach."""
    modules = tuple(sorted({module for kind in KINDS for module in kind.modules}))
    return {
        "benchmark": "backends",
        "policy": policy,
        "command": f"vla bench --policy {policy} --threads {options.threads}",
        "machine": {
            "processor": hardware.cpu_name(),
            "system": platform.platform(),
            "device": options.device,
            "threads": options.threads,
        },
        "versions": packages.versions(modules),
        "figures": [*_speed_figures(trials), *map(_error_figure, trials)],
        "trials": [asdict(trial) for trial in trials],
        "not_run": dict(failures),
    }


def _try(kind: Kind, directory: Path, options: Options, reference: Path) -> Trial:
    obstacle = kind.obstacle(directory, options)
    if obstacle:
        raise BackendError(obstacle)
    return try_apart(kind, directory, options, reference, TIMEOUT_S)


def _speed_figures(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """How many times faster than eager float32 the best one is that is exact enough."""
    eager = next((trial for trial in trials if trial.backend == EAGER), None)
    passed = [trial for trial in trials if trial.passed]
    if eager is None or not passed:
        return []
    best = min(passed, key=lambda trial: trial.p50_ms)
    ratio = eager.p50_ms / best.p50_ms
    return [
        {
            "name": f"speed of {best.backend} in times of eager float32",
            "value": round(ratio, 2),
            "bar": SPEED_UP_BAR,
            "better": "higher",
            "passed": ratio >= SPEED_UP_BAR,
        }
    ]


def _error_figure(trial: Trial) -> dict[str, Any]:
    return {
        "name": f"largest error of {trial.backend}",
        "value": float(f"{trial.max_error:.3g}"),
        "bar": find_kind(trial.backend).tolerance,
        "better": "lower",
        "passed": trial.passed,
    }
