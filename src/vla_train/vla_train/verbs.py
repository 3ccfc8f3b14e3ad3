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
    from vla_train.run import RunFolder
    from vla_train.run import train as run

    console = Console()
    try:
        plan = load_config(config)
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
        str, typer.Option(help="A shipped name, a directory, or 'expert'.")
    ] = "end_to_end",
    split: Annotated[str, typer.Option(help="Family of rooms.")] = "test",
    episodes: Annotated[int, typer.Option(min=1)] = 300,
    seed: Annotated[int, typer.Option(min=0, help="First room.")] = 0,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("out/eval"),
    backend: Annotated[
        str, typer.Option(help="What runs the network; `vla bench` lists them.")
    ] = "torch",
) -> None:
    """Judge a policy in closed loop, in rooms that training never saw."""
    import json

    from rich.console import Console
    from rich.progress import track

    from vla_policy.checkpoint import find_checkpoint
    from vla_policy.errors import PolicyError
    from vla_sim.errors import SimulatorError
    from vla_train.config import load_config
    from vla_train.errors import TrainError
    from vla_train.evaluation import evaluate as judge
    from vla_train.evaluation import report_of, spec_of

    console = Console()
    try:
        directory = None if policy == "expert" else find_checkpoint(policy)
        spec = load_config("end_to_end").action if directory is None else spec_of(directory)
        results = list(
            track(
                judge(directory, spec, split, episodes, seed, workers, backend),
                description=f"{policy} on {split}",
                total=episodes,
                console=console,
            )
        )
        about = {"policy": policy, "backend": backend, "split": split, "seed": seed}
        report = {**about, **report_of(results)}
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{split}.json"
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except (TrainError, PolicyError, SimulatorError, OSError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    low, high = report["wilson_low"], report["wilson_high"]
    console.print(
        f"success {report['success_rate']:.1%} (95 %: {low:.1%} to {high:.1%}), "
        f"collisions {report['collision_rate']:.1%}; wrote {path}"
    )
