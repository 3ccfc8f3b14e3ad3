# SPDX-License-Identifier: Apache-2.0
"""`vla demo`: a robot does what it is told, and ground truth judges it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vla_bringup.options import Policy


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the room; no room was trained on.")] = 1,
    instruction: Annotated[
        str | None,
        typer.Option(help="The only thing to say; by default three, chosen for the room."),
    ] = None,
    policy: Policy = None,
    out: Annotated[
        Path, typer.Option(help="Folder for report.json, path.png and camera.gif.")
    ] = Path("out/demo"),
) -> None:
    """Drive a simulated robot by plain English, judge it and write a report.

    Exits with 0 exactly if the robot did everything that it was told.
    """
    from rich.console import Console

    from vla_bringup.demo.run import run_demo

    raise typer.Exit(run_demo(seed, instruction, policy, out, Console()))
