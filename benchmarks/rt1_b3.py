# SPDX-License-Identifier: Apache-2.0
"""How many looks a second an RT-1 of the paper's size takes, with the tokens of the past kept.

Its weights are random: a graph takes as long whatever they are. What eight bits and bfloat16 make
of its actions is measured along, but says nothing about one that was trained.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.figures import Report, at_least
from vla_policy.action import TWIST_FIELDS, ActionSpec
from vla_policy.backends.backend import Options
from vla_policy.backends.export import FORMATS, export
from vla_policy.backends.registry import KINDS
from vla_policy.checkpoint import CheckpointConfig, save_checkpoint
from vla_policy.models.rt1 import RT1
from vla_policy.models.rt1_config import rt1_b3
from vla_train.comparing import compare_backends
from vla_train.exporting import CALIBRATION_SPLIT, REFERENCE_SPLIT, record_reference
from vla_train.progress import ProgressBar

LOOKS_PER_S = 30.0
THREADS = (1, 2)
OBSERVATIONS, CALIBRATION = 100, 32
SPEC = ActionSpec(TWIST_FIELDS, (-1.0,) * 6, (1.0,) * 6, dt=0.1, horizon=1)
"""The paper's has eleven values, a Twist no more than these six."""
BACKENDS = tuple(kind.name for kind in KINDS if not kind.slow_start)


def measure(observations: int = OBSERVATIONS, calibration: int = CALIBRATION) -> Report:
    """Every backend that runs here, on one thread and on two."""
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        source, graphs = Path(place) / "rt1_b3", Path(place) / "graphs"
        _write(source, graphs, observations, calibration)
        for threads in THREADS:
            file = Path(place) / f"{threads}.json"
            options = Options(threads=threads)
            compare_backends(str(source), graphs, BACKENDS, observations, options, file, Console())
            measured[str(threads)] = json.loads(file.read_text(encoding="utf-8"))["trials"]
    return report_of(measured)


def report_of(measured: dict[str, list[dict[str, Any]]]) -> Report:
    """The fastest of all, whatever it runs on; trials by the number of their threads."""
    threads, best = min(
        ((threads, trial) for threads, trials in measured.items() for trial in trials),
        key=lambda each: float(each[1]["p50_ms"]),
    )
    name = f"looks a second, {best['backend']}, threads: {threads}"
    return Report([at_least(name, 1e3 / best["p50_ms"], LOOKS_PER_S)], measured)


def _write(source: Path, graphs: Path, observations: int, calibration: int) -> None:
    torch.manual_seed(0)
    model = RT1(rt1_b3(action_dim=SPEC.action_dim, horizon=SPEC.horizon))
    save_checkpoint(source, model, CheckpointConfig(model=model.config, action=SPEC))
    with ProgressBar(Console()) as bar:
        ranges = record_reference(source, CALIBRATION_SPLIT, calibration, bar)
        reference = record_reference(source, REFERENCE_SPLIT, observations, bar)
        task = bar.add_task("exporting", total=len(FORMATS))
        export(source, graphs, reference, ranges, begin=lambda _: bar.advance(task))
