# SPDX-License-Identifier: Apache-2.0
"""Every backend that runs here, for each shipped policy: what `vla bench` measures."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.exports import THREADS, exported
from benchmarks.figures import Figure, Report
from vla_policy.backends.backend import Options
from vla_policy.checkpoint import load_model, shipped_checkpoint, shipped_names
from vla_train.comparing import compare_backends
from vla_train.exporting import REFERENCE_SIZE


def measure(observations: int = REFERENCE_SIZE) -> Report:
    """Latency, start, memory and exactness on recorded observations."""
    figures, measured = [], {}
    with tempfile.TemporaryDirectory() as place:
        for name in shipped_names():
            file = Path(place) / f"{name}.json"
            compare_backends(
                name, exported(name), (), observations, Options(threads=THREADS), file, Console()
            )
            measured[name] = json.loads(file.read_text(encoding="utf-8"))
            measured[name] |= _size_of(name)
            for each in measured[name].pop("figures"):
                label = f"{name}: {each['name']}"
                figures.append(Figure(label, each["value"], each["bar"], each["better"]))
    return Report(figures, measured)


def _size_of(policy: str) -> dict[str, Any]:
    folder = shipped_checkpoint(policy)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    parameters = sum(each.numel() for each in load_model(folder).parameters())
    return {"parameters": parameters, "megabytes": round(size / 1e6, 2)}
