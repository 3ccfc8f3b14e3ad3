# SPDX-License-Identifier: Apache-2.0
"""Exports of the shipped policies, and what runs them fastest here."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.processes import ROOT
from vla_policy.backends import graphs
from vla_policy.backends.auto import choose
from vla_policy.backends.backend import Options
from vla_policy.checkpoint import find_checkpoint

FOLDER = ROOT / "out" / "export"
CALIBRATION = 256
THREADS = 1


@dataclass(frozen=True)
class FastestExport:
    """An exported policy, and the name of the backend that `auto` takes."""

    folder: Path
    backend: str


def exported(policy: str) -> Path:
    """Folder of the export of a shipped policy; written unless one of these weights is there."""
    source, folder = find_checkpoint(policy), FOLDER / policy
    weights = graphs.file_hash(source / "model.safetensors")
    if graphs.read_manifest(folder).get("weights_sha256") != weights:
        # In a process of its own: torch would stay in this one, and its files in memory.
        child = multiprocessing.get_context("spawn").Process(target=_export, args=(policy, folder))
        child.start()
        child.join()
        if child.exitcode != 0:
            raise RuntimeError(f"the export of {policy!r} failed: see above")
    return folder


def _export(policy: str, folder: Path) -> None:
    from vla_train.exporting import export_policy

    export_policy(policy, folder, (), CALIBRATION, Console())


def fastest_export(policy: str) -> FastestExport:
    """The export and its fastest exact backend on one thread."""
    folder = exported(policy)
    return FastestExport(folder, choose(folder, Options(threads=THREADS)))
