# SPDX-License-Identifier: Apache-2.0
"""What a fault run comes to: one measurement for each promise, a report and a table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True)
class Measurement:
    """One promise of the gate, held against what was measured; both in `unit`."""

    name: str
    limit: float
    measured: float
    passed: bool
    unit: str = ""


def at_most(name: str, limit: float, measured: float, unit: str = "") -> Measurement:
    """Kept when `measured` is not above `limit`; NaN is not."""
    return Measurement(name, limit, _rounded(measured), measured <= limit, unit)


def at_least(name: str, limit: float, measured: float, unit: str = "") -> Measurement:
    """Kept when `measured` is not below `limit`; NaN is not."""
    return Measurement(name, limit, _rounded(measured), measured >= limit, unit)


def holds(name: str, held: bool) -> Measurement:
    """A promise without a number: 1 when it held, else 0."""
    return at_least(name, 1.0, float(held))


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed; NaN of none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def middle(tries: Iterable[Sequence[Measurement]]) -> list[Measurement]:
    """Of each promise the measurement in the middle.

    A time of milliseconds tells of the machine as well as of the gate: a pause of the whole
    machine spoils one try, a gate that is late spoils them all.
    """
    promises = zip(*tries, strict=True)
    return [sorted(each, key=_by_measured)[len(each) // 2] for each in promises]


def write_report(path: Path, measurements: Sequence[Measurement]) -> None:
    """Write what came out, one entry for each promise; numbers that are none become null."""
    entries = [asdict(measurement) for measurement in measurements]
    for entry in entries:
        if entry["measured"] != entry["measured"]:
            entry["measured"] = None
    report = {"passed": all(m.passed for m in measurements), "measurements": entries}
    path.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def result_table(measurements: Iterable[Measurement]) -> Table:
    """The same for people."""
    table = Table()
    for column in ("promise", "limit", "measured", "unit", ""):
        table.add_column(column)
    for each in measurements:
        verdict = "[green]kept[/]" if each.passed else "[red]broken[/]"
        table.add_row(each.name, f"{each.limit:g}", f"{each.measured:g}", each.unit, verdict)
    return table


def _by_measured(measurement: Measurement) -> tuple[bool, float]:
    return math.isnan(measurement.measured), measurement.measured


def _rounded(value: float) -> float:
    return round(value, 6)
