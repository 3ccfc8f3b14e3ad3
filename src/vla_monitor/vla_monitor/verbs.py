# SPDX-License-Identifier: Apache-2.0
"""The verb that this package adds to the `vla` command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {"OK": "green", "WARN": "yellow", "ERROR": "red"}


def log(
    last: Annotated[int, typer.Option(min=1, help="How many events, the newest ones.")] = 20,
    warnings: Annotated[
        bool, typer.Option("--warnings", help="Only what is WARN or ERROR.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where the logs lie; by default where ROS logs lie.")
    ] = None,
) -> None:
    """Show what happened: interventions, errors, instructions and changes of state."""
    import os

    from rich.console import Console

    from vla_monitor.event_log import default_folder
    from vla_monitor.levels import Level
    from vla_monitor.reading import history, log_files

    place = folder or default_folder(os.environ)
    files = log_files(place)
    if not files:
        Console(stderr=True).print(
            f"no event log in {place}: vla_monitor writes one while it runs", markup=False
        )
        raise typer.Exit(2)
    events = history(files, Level.WARN if warnings else Level.OK)
    Console().print(log_table(events[-last:]))


def log_table(events: Sequence[Mapping[str, Any]]) -> Table:
    """One row for each event: time, level, whom it concerns, and what happened."""
    from rich.table import Table
    from rich.text import Text

    table = Table("time", "level", "robot", "part", "what happened")
    for event in events:
        level = str(event["level"])
        table.add_row(
            Text(str(event["time"]).replace("T", " ").removesuffix("+00:00")),
            Text(level, style=COLOURS.get(level, "white")),
            Text(str(event.get("robot", ""))),
            Text(str(event.get("subject", ""))),
            Text(str(event["message"])),
        )
    return table
