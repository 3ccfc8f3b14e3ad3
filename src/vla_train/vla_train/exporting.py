# SPDX-License-Identifier: Apache-2.0
"""Exports a policy with observations from the simulator, and shows how it goes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from vla_policy.backends.backend import Options
from vla_policy.backends.export import FORMATS, export
from vla_policy.backends.reference import Reference, record
from vla_policy.backends.registry import KINDS, open_backend
from vla_policy.backends.trial import Trial, try_apart
from vla_policy.checkpoint import find_checkpoint, policy_on, read_config
from vla_policy.errors import BackendError
from vla_train.benchmark import find_split
from vla_train.observing import observe_drives
from vla_train.progress import ProgressBar
from vla_train.table import backend_table

CALIBRATION_SPLIT, REFERENCE_SPLIT = "validation", "seen"
CHECK_TIMEOUT_S = 300.0
REFERENCE_SIZE = 500
"""As many as `vla bench` judges a backend by: among fewer there may be none on which two ways are
as good as each other."""


def export_policy(
    policy: str, out: Path | None, formats: tuple[str, ...], calibration: int, console: Console
) -> Path:
    """Export the policy, check each graph against eager float32, and give the folder.

    Raises:
        PolicyError: the checkpoint or a package is missing; the text says which.
    """
    source = find_checkpoint(policy)
    folder = out or Path("out/export") / source.name
    with ProgressBar(console) as bar:
        measured = record_reference(source, CALIBRATION_SPLIT, calibration, bar)
        reference = record_reference(source, REFERENCE_SPLIT, REFERENCE_SIZE, bar)
        steps = [name for name in FORMATS if name == "onnx" or not formats or name in formats]
        task = bar.add_task("exporting", total=len(steps))

        def begin(step: str) -> None:
            bar.update(task, description=f"exporting {step}", completed=steps.index(step))

        export(source, folder, reference, measured, formats or FORMATS, begin)
        bar.update(task, description="exporting", completed=len(steps))
        trials, failures = _check(folder, reference, bar)
    console.print(backend_table(trials, failures))
    return folder


def record_reference(source: Path, split: str, count: int, bar: Progress) -> Reference:
    """Observations of drives in rooms of a split, with the answers of eager float32."""
    config = read_config(source)
    eager = open_backend("torch", source, Options())
    task = bar.add_task(f"recording {split}", total=count)
    drives = observe_drives(
        count, config.action.dt, find_split(split), history=config.model.history
    )
    return record(
        drives, eager, lambda backend: policy_on(backend, source), lambda: bar.advance(task)
    )


def _check(
    folder: Path, reference: Reference, bar: Progress
) -> tuple[list[Trial], dict[str, str]]:
    options = Options(threads=1)
    kinds = [kind for kind in KINDS if kind.graph and not kind.obstacle(folder, options)]
    trials, failures = [], {}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "reference.npz"
        reference.save(file)
        for kind in bar.track(kinds, description="checking"):
            try:
                trials.append(try_apart(kind, folder, options, file, CHECK_TIMEOUT_S))
            except BackendError as error:
                failures[kind.name] = str(error)
    return trials, failures
