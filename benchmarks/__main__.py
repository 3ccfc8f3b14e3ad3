# SPDX-License-Identifier: Apache-2.0
"""Runs benchmarks by name, all seven by default, and shows which bars they reach.

python -m benchmarks [NAME]...
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks import figures, machine
from benchmarks.figures import Report

NAMES = ("node_overhead", "textbook", "peers", "backends", "slow_model", "growth", "start")
FURTHER = ("closed_loop", "rt1_b3", "rt2_cache", "transport")
"""Not in the README: whether the robot arrives on each backend, how fast RT-1 is at the paper's
size, what RT-2 gains by what it keeps, and why a default is what it is."""


def main(arguments: Sequence[str]) -> int:
    """0 where all bars are reached, 1 where one is not, 2 for a name that is unknown."""
    console = Console()
    unknown = set(arguments) - {*NAMES, *FURTHER}
    if unknown:
        known = ", ".join((*NAMES, *FURTHER))
        console.print(f"[red]no benchmark {', '.join(sorted(unknown))}: expected {known}[/red]")
        return 2
    machine.hold_to_cores()
    passed = [run(name, console) for name in arguments or NAMES]
    return 0 if all(passed) else 1


def run(name: str, console: Console) -> bool:
    """Run one benchmark, write and show its results; whether it passed."""
    console.rule(name)
    described, started = machine.describe(), time.monotonic()
    busy = described["busy_before_percent"]
    if busy > machine.QUIET_PERCENT:
        console.print(
            f"[yellow]the processor is {busy:.0f} % busy already: figures of time will be off; "
            "run it on a machine that does nothing else[/yellow]"
        )
    report: Report = importlib.import_module(f"benchmarks.{name}").measure()
    path = figures.write(report, name, described)
    console.print(table(report))
    for what, why in report.not_run.items():
        console.print(f"[yellow]not measured: {what} ({why})[/yellow]")
    console.print(f"wrote {path} after {time.monotonic() - started:.0f} s")
    return report.passed


def table(report: Report) -> Table:
    """One row for each figure."""
    shown = Table("figure", box=None, pad_edge=False)
    for column in ("value", "bar"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("reached")
    for figure in report.figures:
        bar = f"{'at most' if figure.better == 'lower' else 'at least'} {figure.bar:g}"
        mark = "yes" if figure.passed else "[red]no[/red]"
        shown.add_row(figure.name, f"{figure.value:.3g}", bar, mark)
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
