# SPDX-License-Identifier: Apache-2.0
"""The verbs of BabyAI: make demonstrations, train on them, judge what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FOLDER = Path("out/babyai")
DEMONSTRATIONS = FOLDER / "demonstrations"


def demos(
    level: Annotated[str, typer.Option(help="GoToLocal, PutNextLocal or GoTo.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder that they are kept in.")] = DEMONSTRATIONS,
) -> None:
    """Let BabyAI's bot play; started again, it goes on with what is missing."""
    from rich.console import Console

    from vla_train.babyai.demonstrations import make_shards
    from vla_train.babyai.levels import find_level
    from vla_train.errors import TrainError

    console = Console()
    try:
        for done, seconds in make_shards(find_level(level), out, count, workers):
            console.print(f"{level}: {done} of {count} in {seconds:.0f} s")
    except (TrainError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error


def train(
    level: Annotated[str, typer.Option(help="GoToLocal, PutNextLocal or GoTo.")],
    architecture: Annotated[str, typer.Option(help="end_to_end or rt1.")] = "end_to_end",
    demos: Annotated[
        int | None, typer.Option(min=1, help="Demonstrations to use; by default all.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Time limit; without --steps 600 by default.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Batches, in place of a time.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Windows in a batch.")] = 512,
    learning_rate: Annotated[float, typer.Option(help="The highest.")] = 1.5e-3,
    precision: Annotated[str, typer.Option(help="float32, bfloat16 or auto.")] = "auto",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    initial: Annotated[
        Path | None,
        typer.Option(help="Checkpoint of the level that teaches the network to see."),
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of demonstrations.")] = DEMONSTRATIONS,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; out/babyai/<level>_<architecture>.")
    ] = None,
) -> None:
    """Imitate the bot on one level; started again, it goes on where it was cut off."""
    import torch
    from rich.console import Console

    from vla_policy.errors import PolicyError
    from vla_train.babyai.levels import find_level
    from vla_train.babyai.networks import NetworkConfig
    from vla_train.babyai.runs import train_level
    from vla_train.babyai.training import TrainingPlan
    from vla_train.errors import TrainError
    from vla_train.memory import keep_memory

    console = Console(soft_wrap=True, highlight=False)
    keep_memory()
    try:
        config = NetworkConfig.of(find_level(level), architecture)
        if steps is None and seconds is None:
            seconds = 600.0
        plan = TrainingPlan(
            steps=steps,
            seconds=seconds,
            batch_size=batch_size,
            learning_rate=learning_rate,
            precision=precision,
            seed=seed,
        )
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        folder = out or FOLDER / f"{level}_{architecture}".lower()
        made = train_level(
            config, plan, data, demos, folder, torch.device(device), console.print, initial
        )
        console.print(f"wrote {made}")
    except (TrainError, PolicyError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from here")
        raise typer.Exit(130) from None


def evaluate(
    policy: Annotated[
        str,
        typer.Option(
            help="Shipped names or directories of checkpoints, separated by commas, bot or "
            "random; by default all that are shipped."
        ),
    ] = "",
    level: Annotated[str, typer.Option(help="One level; by default all.")] = "",
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each level.")] = 1000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = FOLDER / "evaluation",
    keep: Annotated[
        bool, typer.Option(help="Write the result into the checkpoint and its card, too.")
    ] = False,
) -> None:
    """Judge what was trained for BabyAI on seeds that were never demonstrated."""
    from rich.console import Console

    from vla_policy.errors import PolicyError
    from vla_train.babyai.results import judge_all
    from vla_train.errors import TrainError

    console = Console(soft_wrap=True, highlight=False)
    try:
        judge_all(policy, level, episodes, workers, out, keep, console.print)
    except (TrainError, PolicyError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("stopped; what is judged so far is not written")
        raise typer.Exit(130) from None
