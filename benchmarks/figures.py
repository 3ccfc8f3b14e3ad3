# SPDX-License-Identifier: Apache-2.0
"""What was measured, against the bar that it is to reach."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Better = Literal["lower", "higher"]

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Figure:
    """A number with the bar that it is to reach; reaching it exactly is enough."""

    name: str
    value: float
    bar: float
    better: Better

    @property
    def passed(self) -> bool:
        """Whether the bar is reached; what is not a number reaches none."""
        return self.value <= self.bar if self.better == "lower" else self.value >= self.bar

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain JSON values."""
        return {
            "name": self.name,
            "value": float(f"{self.value:.3g}"),
            "bar": self.bar,
            "better": self.better,
            "passed": self.passed,
        }


def at_most(name: str, value: float, bar: float) -> Figure:
    """A figure that is to be low."""
    return Figure(name, value, bar, "lower")


def at_least(name: str, value: float, bar: float) -> Figure:
    """A figure that is to be high."""
    return Figure(name, value, bar, "higher")


@dataclass(frozen=True)
class Report:
    """The outcome of a benchmark.

    Attributes:
        figures: what has a bar.
        measured: everything that was measured, as plain JSON values.
        not_run: what could not be measured here, and why; a benchmark that lacks something has
            not passed.
    """

    figures: Sequence[Figure]
    measured: Mapping[str, Any] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything was measured and every bar is reached."""
        figures = self.figures
        return bool(figures) and not self.not_run and all(each.passed for each in figures)

    def to_dict(self, name: str, machine: Mapping[str, Any]) -> dict[str, Any]:
        """The report of the benchmark of that name as plain JSON values."""
        return {
            "benchmark": name,
            "command": f"make bench ONLY={name}",
            "machine": dict(machine),
            "passed": self.passed,
            "figures": [figure.to_dict() for figure in self.figures],
            "not_run": dict(self.not_run),
            "measured": dict(self.measured),
        }


def write(report: Report, name: str, machine: Mapping[str, Any], folder: Path = RESULTS) -> Path:
    """Write ``<name>.json`` and give its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps(report.to_dict(name, machine), indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path
