# SPDX-License-Identifier: Apache-2.0
"""The verbs that this package adds to the `vla` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[
        str, typer.Option(help="A shipped configuration or a YAML file.")
    ] = "end_to_end",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="In place of a value of the configuration, as model.history=1; repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; out/train/<name> by default.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that drive.")] = 2,
    test_episodes: Annotated[
        int, typer.Option(min=1, help="Episodes of the test at the end.")
    ] = 300,
) -> None:
    """Train a policy; started again, it goes on where it was cut off."""
    from rich.console import Console

    from vla_policy.errors import PolicyError
    from vla_sim.errors import SimulatorError
    from vla_train.config import load_config
    from vla_train.errors import TrainError
    from vla_train.memory import keep_memory
    from vla_train.run import RunFolder
    from vla_train.run import train as run

    console = Console()
    keep_memory()
    try:
        plan = load_config(config, changes or ())
        folder = RunFolder(out or Path("out/train") / plan.name)
        run(plan, folder, workers, test_episodes, console)
    except (TrainError, PolicyError, SimulatorError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from here")
        raise typer.Exit(130) from None


def evaluate(
    policy: Annotated[
        str,
        typer.Option(
            help="A shipped name, a directory, or a baseline: expert, random, blind, deaf."
        ),
    ] = "end_to_end",
    split: Annotated[
        str,
        typer.Option(help="seen, unseen, distractors, backgrounds, latency, or 'all' of these."),
    ] = "seen",
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each split.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Moves all rooms and tasks.")] = 0,
    wordings: Annotated[
        Path | None, typer.Option(help="YAML file of sentences in place of the split's.")
    ] = None,
    of: Annotated[
        str, typer.Option("--of", help="The policy that is made blind or deaf.")
    ] = "end_to_end",
    workers: Annotated[int, typer.Option(min=1, help="Processes that drive.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("out/eval"),
    backend: Annotated[
        str, typer.Option(help="What runs the network; `vla bench` lists them.")
    ] = "torch",
) -> None:
    """Judge a policy in closed loop, in rooms that training never saw."""
    from rich.console import Console

    from vla_policy.errors import PolicyError
    from vla_sim.errors import SimulatorError
    from vla_sim.splits import read_wordings
    from vla_train.errors import TrainError
    from vla_train.report import judge_splits

    console = Console()
    try:
        own = None if wordings is None else read_wordings(wordings)
        judge_splits(policy, of, split, episodes, seed, own, workers, out, console, backend)
    except (TrainError, PolicyError, SimulatorError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("stopped; what is judged so far is not written")
        raise typer.Exit(130) from None


def data(
    dataset: Annotated[Path, typer.Argument(help="Folder of a data set in the LeRobot layout.")],
    camera: Annotated[
        str | None, typer.Option(help="Camera to show; by default the first.")
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="Frames to show.")] = 36,
    out: Annotated[Path, typer.Option(help="Folder of the contact sheet.")] = Path("out/data"),
) -> None:
    """Say what is in a data set, and draw a contact sheet of its frames."""
    from rich.console import Console

    from vla_train.errors import TrainError
    from vla_train.look import describe, tiles
    from vla_train.recording import Recording
    from vla_train.sheet import contact_sheet

    console = Console()
    try:
        recording = Recording.open(dataset)
        for line in describe(recording):
            console.print(line)
        key = camera or next(iter(recording.cameras), "")
        page = contact_sheet(list(tiles(recording, key, frames)))
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{dataset.resolve().name}.png"
        page.save(path)
        console.print(f"wrote {path}")
    except (TrainError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
