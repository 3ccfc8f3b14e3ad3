# SPDX-License-Identifier: Apache-2.0
"""Backends side by side, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from vla_policy.backends.trial import Trial

_COLUMNS = ("p50 ms", "p95 ms", "p99 ms", "open ms", "first ms", "MB", "largest error", "flips")


def backend_table(trials: Sequence[Trial], failures: Mapping[str, str]) -> Table:
    """One row for each backend: its figures, or why there are none."""
    table = Table("backend", box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("exact enough")
    for trial in trials:
        table.add_row(*_cells(trial))
    for name, reason in failures.items():
        table.add_row(name, *[""] * len(_COLUMNS), reason)
    return table


def _cells(trial: Trial) -> tuple[str, ...]:
    return (
        trial.backend,
        f"{trial.p50_ms:.1f}",
        f"{trial.p95_ms:.1f}",
        f"{trial.p99_ms:.1f}",
        f"{trial.load_ms:.0f}",
        f"{trial.first_call_ms:.0f}",
        f"{trial.memory_mb:.0f}",
        f"{trial.max_error:.1e}",
        f"{trial.flips:.1%}",
        "yes" if trial.passed else f"no: {trial.within:.1%} of observations are",
    )
