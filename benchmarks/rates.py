# SPDX-License-Identifier: Apache-2.0
"""How large the architectures are and how fast, for the documents: what `backends` measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import RESULTS
from benchmarks.policies import FIRST
from vla_policy.backends.trial import Trial
from vla_train.comparing import EAGER
from vla_train.markdown import markdown_table

KEPT = RESULTS / "backends.json"
NOTHING = "No results are kept yet: `make bench ONLY=backends` measures them.\n"


def table(path: Path = KEPT) -> str:
    """The architectures side by side, from the report of a run: how large, and how fast."""
    if not path.is_file():
        return NOTHING
    kept = json.loads(path.read_text(encoding="utf-8"))
    head = [
        "policy",
        "parameters",
        "checkpoint",
        "eager float32",
        "fastest exact",
        "looks a second",
    ]
    names = sorted(kept["measured"], key=lambda name: (name != FIRST, name))
    machine = kept["machine"]["processor"]
    rows = (_row(name, kept["measured"][name]) for name in names)
    return f"{markdown_table(head, rows)}\nMedians of one run, on one thread of an {machine}.\n"


def _row(name: str, measured: Mapping[str, Any]) -> list[str]:
    trials = [Trial(**trial) for trial in measured["trials"]]
    eager = next(trial for trial in trials if trial.backend == EAGER)
    fastest = min((trial for trial in trials if trial.passed), key=lambda trial: trial.p50_ms)
    return [
        name,
        f"{measured['parameters'] / 1e6:.2f} million",
        f"{measured['megabytes']:.1f} MB",
        f"{eager.p50_ms:.1f} ms",
        f"{fastest.p50_ms:.1f} ms, `{fastest.backend}`",
        f"{1e3 / fastest.p50_ms:.0f}",
    ]
