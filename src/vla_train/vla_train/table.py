# SPDX-License-Identifier: Apache-2.0
"""Backends side by side, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from vla_policy.backends.trial import Trial

_COLUMNS = (
    *("p50", "p95", "p99 ms", "open s", "first s", "MB"),
    *("error", "flips", "exact", "enough"),
)


def backend_table(trials: Sequence[Trial], failures: Mapping[str, str]) -> Group:
    """One row for each backend that ran; below, why the others did not.

    ``error`` is the largest one of all observations, ``exact`` the share of observations all
    of whose actions lie within the tolerance; all of them must, to be enough.
    """
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("backend", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for trial in trials:
        table.add_row(*_cells(trial))
    return Group(table, *(Text(f"{name}: {reason}") for name, reason in failures.items()))


def _cells(trial: Trial) -> tuple[str, ...]:
    return (
        trial.backend,
        f"{trial.p50_ms:.1f}",
        f"{trial.p95_ms:.1f}",
        f"{trial.p99_ms:.1f}",
        f"{trial.load_ms * 1e-3:.1f}",
        f"{trial.first_call_ms * 1e-3:.2f}",
        f"{trial.memory_mb:.0f}",
        f"{trial.max_error:.0e}",
        f"{trial.flips:.1%}",
        f"{trial.within:.1%}",
        "yes" if trial.passed else "no",
    )
