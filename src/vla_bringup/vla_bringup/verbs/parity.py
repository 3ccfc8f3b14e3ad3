# SPDX-License-Identifier: Apache-2.0
"""`vla parity`: the same episodes with ROS and without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vla_bringup.options import Policy


def parity(
    rooms: Annotated[
        int, typer.Option(min=1, help="How many rooms; each has three episodes.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the first room; the others follow it.")] = 1,
    policy: Policy = None,
    out: Annotated[
        Path,
        typer.Option(help="Folder for parity.json and the demo of each room."),
    ] = Path("out/parity"),
) -> None:
    """Play the demo's instructions with ROS and without, and compare the success rates.

    Exits with 0 exactly if each rate lies within the 95 % interval of the other.
    """
    from rich.console import Console

    from vla_bringup.parity.run import run_parity

    raise typer.Exit(run_parity(rooms, seed, policy, out, Console()))
