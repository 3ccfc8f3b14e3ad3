# SPDX-License-Identifier: Apache-2.0
"""A training run from demonstrations on disk to a checkpoint with its card."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from vla_train.babyai import checkpoint
from vla_train.babyai.demonstrations import load_demonstrations
from vla_train.babyai.frames import replay
from vla_train.babyai.levels import find_level
from vla_train.babyai.networks import NetworkConfig
from vla_train.babyai.report import card
from vla_train.babyai.training import Trainer, TrainingPlan
from vla_train.card import this_machine
from vla_train.locks import run_alone

STATE_FILE = "state.pt"


def train_level(
    config: NetworkConfig,
    plan: TrainingPlan,
    demonstrations: Path,
    most: int | None,
    out: Path,
    device: torch.device,
    say: Callable[[str], None],
    initial: Path | None = None,
) -> Path:
    """Train a network on a level's demonstrations; gives the directory of its checkpoint.

    Args:
        demonstrations: folder that they lie in.
        most: how many to use; None: all.
        out: folder of the run, which goes on from there where it was cut off.
        initial: directory of a checkpoint of the level, see `vla_train.babyai.initial`; read
            where the run begins, no longer where it goes on.

    Raises:
        TrainError: another run is at work there, or the demonstrations or the initial checkpoint
            cannot be read.
    """
    level = find_level(config.level)
    began = time.monotonic()
    data = load_demonstrations(demonstrations, level, most)
    with run_alone(out):
        frames = replay(data, level.reach, device)
        say(
            f"{len(data)} demonstrations, {len(frames)} frames in {time.monotonic() - began:.1f} s"
        )
        trainer = Trainer(config, plan, device)
        state = out / STATE_FILE
        if state.is_file():
            trainer.load(state)
            say(f"going on at step {trainer.step}")
        elif initial is not None:
            found = trainer.begin_with(initial)
            say("begins with {tensors} of {of} tensors that were taught".format(**found))

        def report(step: int, share: float, values: dict[str, float]) -> None:
            figures = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
            say(f"step {step} ({share:.0%}), {trainer.seconds:.1f} s: {figures}")

        trainer.train(frames, state, report)
        made_of: dict[str, Any] = {
            "demonstrations": len(data),
            "frames": len(frames),
            "first_seed": int(data.seeds.min()),
            "last_seed": int(data.seeds.max()),
            "steps": trainer.step,
            "batch_size": plan.batch_size,
            "seconds": round(trainer.seconds, 1),
            "seed": plan.seed,
            "symmetry": plan.symmetry,
            "parameters": sum(p.numel() for p in trainer.network.parameters()),
            "hardware": _hardware(device),
            "torch": torch.__version__,
        }
        if trainer.begun_with is not None:
            made_of["initial"] = trainer.begun_with
        made = checkpoint.BabyAICheckpoint(config, made_of)
        directory = out / "checkpoint"
        checkpoint.save(directory, trainer.average, made)
        (directory / checkpoint.CARD_FILE).write_text(card(made, None), encoding="utf-8")
        return directory


def _hardware(device: torch.device) -> str:
    machine = this_machine()
    if device.type == "cuda":
        return machine.accelerator
    return f"{machine.processor}, {torch.get_num_threads()} thread(s)"
