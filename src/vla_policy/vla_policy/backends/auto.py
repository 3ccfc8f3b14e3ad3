# SPDX-License-Identifier: Apache-2.0
"""`backend: auto`: measure what is installed, once, and take the fastest that is exact enough."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from vla_policy.backends import graphs, hardware, packages
from vla_policy.backends.backend import Options
from vla_policy.backends.cache import cache_folder
from vla_policy.backends.registry import KINDS, Kind
from vla_policy.backends.trial import Trial, try_apart
from vla_policy.errors import BackendError

TIMEOUT_S = 120.0
Try = Callable[[Kind, Path, Options, Path, float], Trial]


def choose(directory: Path, options: Options, attempt: Try = try_apart) -> str:
    """Name of the fastest backend that gives the reference's actions.

    What was measured is kept (`cache_file`) until the weights, the processor, the packages or
    the options change.

    Raises:
        BackendError: the checkpoint has no reference, or no backend passes.
    """
    cache = cache_file(directory, options)
    kept = _read(cache)
    if kept is not None:
        return kept
    trials, failures = measure(directory, options, attempt)
    passed = [trial for trial in trials if trial.passed]
    if not passed:
        raise BackendError(_explain(directory, trials, failures))
    best = min(passed, key=lambda trial: trial.p50_ms).backend
    _write(cache, best, trials)
    return best


def measure(
    directory: Path, options: Options, attempt: Try = try_apart
) -> tuple[list[Trial], list[str]]:
    """A trial of each backend that can run here, and why the others failed.

    Raises:
        BackendError: the checkpoint has no reference.
    """
    reference = directory / graphs.FOLDER / graphs.REFERENCE
    if not reference.is_file():
        raise BackendError(
            f"backend 'auto' compares with {graphs.FOLDER}/{graphs.REFERENCE}, which the "
            f"checkpoint {directory} lacks: write it with `vla export`, or name a backend"
        )
    trials, failures = [], []
    for kind in KINDS:
        if kind.slow_start or kind.obstacle(directory, options):
            continue
        try:
            trials.append(attempt(kind, directory, options, reference, TIMEOUT_S))
        except BackendError as error:
            failures.append(str(error))
    return trials, failures


def cache_file(directory: Path, options: Options) -> Path:
    """Where the choice for this checkpoint, machine and these options is kept."""
    modules = tuple(sorted({module for kind in KINDS for module in kind.modules}))
    facts = {
        "weights": graphs.identity(directory),
        "graphs": graphs.read_manifest(directory).get("files"),
        "has_weights": not graphs.obstacle(directory, ""),
        "processor": hardware.cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "device": options.device,
        "threads": options.threads,
        "versions": packages.versions(modules),
    }
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return cache_folder() / "auto" / f"{key}.json"


def _read(cache: Path) -> str | None:
    try:
        best = json.loads(cache.read_text(encoding="utf-8"))["best"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return best if best in {kind.name for kind in KINDS} else None


def _write(cache: Path, best: str, trials: list[Trial]) -> None:
    """Keep the choice; a robot whose disk cannot be written to measures again."""
    text = json.dumps({"best": best, "trials": [asdict(trial) for trial in trials]}, indent=1)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache.parent, delete=False) as file:
            file.write(text + "\n")
        Path(file.name).replace(cache)
    except OSError:
        return


def _explain(directory: Path, trials: list[Trial], failures: list[str]) -> str:
    inexact = [f"{trial.backend} errs by {trial.max_error:.2g}" for trial in trials]
    reasons = "; ".join([*inexact, *failures]) or "none can run here"
    return f"no backend is fit to run {directory}: {reasons}"
