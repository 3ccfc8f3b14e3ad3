# SPDX-License-Identifier: Apache-2.0
"""The verbs `vla export` and `vla bench`: a policy as graphs, and what backends make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    policy: Annotated[str, typer.Option(help="A shipped name or a directory.")] = "end_to_end",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; out/export/<name> by default.")
    ] = None,
    formats: Annotated[
        str, typer.Option(help="Which graphs, separated by commas; all by default.")
    ] = "",
    calibration: Annotated[
        int, typer.Option(min=8, help="Recorded observations that int8 is calibrated on.")
    ] = 256,
) -> None:
    """Write a policy as graphs for runtimes without torch, and check what they answer."""
    from rich.console import Console

    from vla_policy.errors import PolicyError
    from vla_sim.errors import SimulatorError
    from vla_train.exporting import export_policy

    console = Console()
    try:
        wanted = tuple(name.strip() for name in formats.split(",") if name.strip())
        folder = export_policy(policy, out, wanted, calibration, console)
    except (PolicyError, SimulatorError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    console.print(f"wrote {folder}; run it with [bold]policy:={folder} backend:=auto[/bold]")


def bench(
    policy: Annotated[str, typer.Option(help="A shipped name or a directory.")] = "end_to_end",
    graphs: Annotated[
        Path | None, typer.Option(help="Folder that `vla export` wrote; by default its default.")
    ] = None,
    backends: Annotated[
        str, typer.Option(help="Which ones, separated by commas; all by default.")
    ] = "",
    observations: Annotated[
        int, typer.Option(min=1, help="Recorded observations to compare and time on.")
    ] = 500,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:<number>.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 1,
    out: Annotated[Path, typer.Option(help="File of the results.")] = Path(
        "benchmarks/results/backends.json"
    ),
) -> None:
    """Measure every backend that runs here: exactness, latency, start, memory."""
    from rich.console import Console

    from vla_policy.backends.backend import Options
    from vla_policy.errors import PolicyError
    from vla_sim.errors import SimulatorError
    from vla_train.comparing import compare_backends

    console = Console()
    names = tuple(name.strip() for name in backends.split(",") if name.strip())
    try:
        passed = compare_backends(
            policy, graphs, names, observations, Options(device, threads), out, console
        )
    except (PolicyError, SimulatorError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    console.print(f"wrote {out}")
    raise typer.Exit(0 if passed else 1)
