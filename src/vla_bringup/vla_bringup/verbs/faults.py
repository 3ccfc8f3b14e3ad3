# SPDX-License-Identifier: Apache-2.0
"""`vla faults`: breaks one thing after the other and measures what the gate does about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def faults(
    case: Annotated[
        list[str] | None, typer.Argument(help="What to break; by default everything.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for report.json.")] = Path("out/faults"),
) -> None:
    """Break the running stack in every way that the gate is there for, and measure.

    Exits with 0 exactly if every promise of the gate was kept.
    """
    from rich.console import Console

    from vla_bringup.faults.run import run_faults

    raise typer.Exit(run_faults(case or [], out, Console()))
