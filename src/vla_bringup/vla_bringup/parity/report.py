# SPDX-License-Identifier: Apache-2.0
"""What is left of a comparison: a report for machines, a table for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from vla_bringup.demo.report import versions
from vla_train.agreement import Agreement, Pair, Rate, Verdict


@dataclass
class Report:
    """Grows room by room.

    Attributes:
        rooms: the seeds of all rooms that are to be played.
        latency_s: from an image to the wheels, in the episodes without ROS.
        unplayed: why the processes did not play a room to its end, by its seed.
    """

    policy: str
    rooms: Sequence[int]
    latency_s: float
    pairs: list[Pair] = field(default_factory=list)
    unplayed: dict[int, str] = field(default_factory=dict)

    @property
    def agreement(self) -> Agreement | None:
        """The two rates; None before the first episode."""
        return Agreement.of(self.pairs) if self.pairs else None

    @property
    def agrees(self) -> bool:
        """Whether every room was played, and the rates agree."""
        agreement = self.agreement
        complete = {pair.room for pair in self.pairs} == set(self.rooms)
        return complete and agreement is not None and agreement.holds

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        agreement = self.agreement
        return {
            "agrees": self.agrees,
            "with_ros": agreement and agreement.with_ros.to_dict(),
            "without_ros": agreement and agreement.without_ros.to_dict(),
            "policy": self.policy,
            "rooms": list(self.rooms),
            "latency_s": self.latency_s,
            "errors": [{"room": room, "reason": why} for room, why in self.unplayed.items()],
            "episodes": [
                {
                    "room": pair.room,
                    "instruction": pair.instruction,
                    "with_ros": _without_instruction(pair.with_ros),
                    "without_ros": _without_instruction(pair.without_ros),
                }
                for pair in self.pairs
            ],
            "versions": versions(),
        }

    def write(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)


def episode_table(pairs: Sequence[Pair]) -> Table:
    """Every episode, one a row."""
    table = Table()
    for column in ("room", "instruction", "with ROS", "time", "without ROS", "time"):
        table.add_column(column)
    for pair in pairs:
        cells = (*_cells(pair.with_ros), *_cells(pair.without_ros))
        table.add_row(str(pair.room), escape(pair.instruction), *cells)
    return table


def conclusion(report: Report) -> list[str]:
    """What came of it, in lines of plain text; the last one is the verdict."""
    lines = [f"room {room} was not played: {why}" for room, why in report.unplayed.items()]
    agreement = report.agreement
    if agreement is None:
        return [*lines, "no episode was played, so there is nothing to compare"]
    lines.append(f"with ROS:    {_rate(agreement.with_ros)}")
    lines.append(f"without ROS: {_rate(agreement.without_ros)}")
    if report.agrees:
        return [*lines, "they agree: each rate lies within the interval of the other"]
    if agreement.holds:
        return [*lines, "not shown: the rates agree, but not every room was played"]
    return [*lines, "they do not agree: a rate lies outside the interval of the other"]


def _rate(rate: Rate) -> str:
    low, high = rate.interval
    return (
        f"{rate.successes} of {rate.count} episodes, {rate.value:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )


def _cells(verdict: Verdict) -> tuple[str, str]:
    result = "[green]success[/]" if verdict.success else f"[red]{escape(verdict.reason)}[/]"
    return result, f"{verdict.time_s:.1f} s"


def _without_instruction(verdict: Verdict) -> dict[str, Any]:
    values = dataclasses.asdict(verdict)
    del values["instruction"]
    return values
