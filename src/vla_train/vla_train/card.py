# SPDX-License-Identifier: Apache-2.0
"""The model card that a training run writes beside its checkpoint."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vla_policy.architectures import architecture_of
from vla_train.config import RunConfig
from vla_train.markdown import markdown_table

OPENINGS = {
    "end_to_end": "An `EndToEndVLA`: a camera image",
    "rt1": "An `RT1` (arXiv 2212.06817): the last camera images",
    "rt2": "An `RT2` (arXiv 2307.15818): a camera image",
}
"""How the cards of architectures begin."""


@dataclass(frozen=True)
class Machine:
    """What a run was made on."""

    processor: str
    cores: int
    accelerator: str
    python: str
    torch: str


def this_machine() -> Machine:
    """The machine that this process runs on."""
    accelerator = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        accelerator=accelerator,
        python=platform.python_version(),
        torch=torch.__version__,
    )


def model_card(
    config: RunConfig, rounds: list[dict[str, Any]], test: dict[str, Any], machine: Machine
) -> str:
    """The card as Markdown; every figure in it was measured by this run."""
    seconds = sum(entry["collect_s"] + entry["train_s"] for entry in rounds)
    frames = rounds[-1]["frames"] if rounds else 0
    lines = [
        "---",
        "license: apache-2.0",
        "pipeline_tag: robotics",
        "---",
        "",
        f"# {config.name}",
        "",
        f"{OPENINGS[architecture_of(config.model).name]}, an English sentence, the pose since the "
        "sentence was said and a memory of where the named thing is go in; a chunk of velocity "
        "commands and what is to be remembered come out.",
        "",
        f"- Trained by `vla train --config {config.name}` from seed {config.seed}"
        f"{_beginning(config)}: behaviour cloning of an expert; {len(rounds) - 1} DAgger "
        "round(s).",
        f"- Data: {frames} frames {_origin(config)}, none of them in the rooms of the tests "
        "below.",
        f"- Hardware: {machine.processor}, {machine.cores} cores, accelerator: "
        f"{machine.accelerator}; Python {machine.python}, torch {machine.torch}.",
        f"- Time: {seconds / 60:.0f} minutes of collecting and training.",
        f"- Actions: {', '.join(_actions(config))}; a chunk of {config.action.horizon} steps of "
        f"{config.action.dt} s.",
        "",
        "## Measured success",
        "",
        f"{test['count']} episodes in closed loop, in rooms never trained on. An episode "
        "succeeds when the robot stands still within the goal region, in time, with no collision.",
        "",
        markdown_table(
            ("family", "episodes", "success", "95 % interval", "collisions", "mean time"),
            [_row(name, rates) for name, rates in ({"all": test} | test["families"]).items()],
        ),
        "## Rounds",
        "",
        markdown_table(
            ("round", "frames so far", "collecting", "training", "success on validation rooms"),
            [
                (
                    str(each["round"]),
                    str(each["frames"]),
                    f"{each['collect_s']} s",
                    f"{each['train_s']} s",
                    _early(each["validation"]),
                )
                for each in rounds
            ],
        ),
        "## Limits",
        "",
        _limits(config),
        "",
    ]
    return "\n".join(lines)


def _early(validation: dict[str, Any]) -> str:
    if not validation:
        return "not judged"
    return f"{validation['success_rate']:.1%} of {validation['count']}"


def _recordings(config: RunConfig) -> list[str]:
    """Names of the data sets that were not collected in the simulator."""
    return [Path(source.path).name for plan in config.rounds for source in plan.datasets]


def _beginning(config: RunConfig) -> str:
    if config.initial is None:
        return ""
    return f", beginning with what fits of the weights of {config.initial}"


def _origin(config: RunConfig) -> str:
    recordings = _recordings(config)
    if recordings:
        return f"from the simulator or recorded ({', '.join(recordings)})"
    return f"at {1 / config.action.dt:.0f} Hz, all simulated"


def _limits(config: RunConfig) -> str:
    if _recordings(config):
        return (
            "The tests above are driven in the simulator; they say little of the robot that the "
            "recordings are of."
        )
    return (
        "It was trained in simulated rooms alone, with the sentences of `train.yaml` in "
        "`vla_sim/splits`. "
        "On a robot of yours it is a starting point for training, not a driver."
    )


def _actions(config: RunConfig) -> list[str]:
    spec = config.action
    rows = zip(spec.names, spec.low, spec.high, spec.units, strict=True)
    return [f"`{name}` {low} to {high} {unit}" for name, low, high, unit in rows]


def _row(name: str, rates: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        str(rates["count"]),
        f"{rates['success_rate']:.1%}",
        f"{rates['wilson_low']:.1%} to {rates['wilson_high']:.1%}",
        f"{rates['collision_rate']:.1%}",
        f"{rates['mean_time_s']:.1f} s",
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
