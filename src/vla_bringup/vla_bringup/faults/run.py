# SPDX-License-Identifier: Apache-2.0
"""Runs the cases one after the other, writes the report and shows the table."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from vla_bringup.domain import VARIABLE, chosen_domain, claim_free_domain
from vla_bringup.environment import adopt_transport
from vla_bringup.errors import BringupError, RefusedError
from vla_bringup.faults.cases import CASES
from vla_bringup.faults.measurement import Measurement, holds, result_table, write_report
from vla_bringup.interruption import Interruption, interruptible

REPORT = "report.json"
LIMIT_S = 1800.0


def run_faults(names: Sequence[str], folder: Path, console: Console) -> int:
    """Break what is named, or everything; 0 when every promise was kept, else 1.

    Raises:
        RefusedError: there is no such case, or `folder` cannot be used.
    """
    unknown = [name for name in names if name not in CASES]
    if unknown:
        raise RefusedError(f"there is no case {unknown[0]!r} (known: {', '.join(CASES)})")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(f"cannot write to {folder} ({error.strerror})") from error
    measurements: list[Measurement] = []
    try:
        with _own_domain(), interruptible(LIMIT_S):
            for name in names or CASES:
                measurements += _case(name, folder, console)
    except Interruption as interruption:
        console.print(str(interruption), style="red")
        measurements.append(holds("the run came to its end", False))
    write_report(folder / REPORT, measurements)
    console.print(result_table(measurements))
    console.print(f"see {folder / REPORT}", markup=False, highlight=False)
    return 0 if all(measurement.passed for measurement in measurements) else 1


def _case(name: str, folder: Path, console: Console) -> list[Measurement]:
    """What comes out of one case; that it could not be played is a broken promise."""
    with console.status(f"breaking: {name}"):
        try:
            return CASES[name](folder / name)
        except BringupError as error:
            console.print(f"{name}: {error}", style="red", markup=False)
            return [holds(f"{name}: could be played", False)]


@contextlib.contextmanager
def _own_domain() -> Iterator[None]:
    """Within the block this process and its children are in a ROS domain of the run."""
    adopt_transport()
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if chosen_domain() is not None:
        yield
        return
    with claim_free_domain() as domain:
        os.environ[VARIABLE] = str(domain.number)
        yield
