# SPDX-License-Identifier: Apache-2.0
"""Plain imitation of the bot: cross-entropy to its actions, on the frames of its episodes."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from vla_train.babyai.frames import IGNORED, Batch, Frames
from vla_train.babyai.initial import begin_with
from vla_train.babyai.networks import NetworkConfig, ask, build_network
from vla_train.babyai.symmetry import Symmetry
from vla_train.babyai.vision import nearest_cell
from vla_train.config import PRECISIONS
from vla_train.devices import mixed_precision
from vla_train.errors import TrainError

WARM_UP_STEPS = 100
SAVE_EVERY_S = 30.0
REPORT_EVERY = 50
ANSWERS = 8
"""Steps of a window that an RT1 is asked at: each map is encoded but once for all of them."""
Progress = Callable[[int, float, dict[str, float]], None]
"""Called with (steps done, share of the run done from 0 to 1, the latest losses)."""


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained.

    Attributes:
        steps: how many batches; None: as many as there is time for.
        seconds: time limit, in place of `steps`: the learning rate falls with the time that is
            left, and what comes out depends on the speed of the machine.
        target_weight: of the loss that asks which cell the bot acts on next.
        symmetry: whether names and sides are changed, see `vla_train.babyai.symmetry`.

    Raises:
        TrainError: neither or both limits are given, or a size is not positive.
    """

    steps: int | None = None
    seconds: float | None = None
    batch_size: int = 512
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    ema_decay: float = 0.998
    target_weight: float = 0.3
    symmetry: bool = True
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise TrainError("a training run needs steps or seconds, one of the two")
        if (self.steps or self.seconds or 0) <= 0 or self.batch_size < 1:
            raise TrainError(f"steps, seconds and batch_size must be > 0 (got {self})")
        if self.precision not in PRECISIONS:
            raise TrainError(
                f"precision must be one of {', '.join(PRECISIONS)} (got {self.precision!r})"
            )


class Trainer:
    """A network, its optimiser and its averaged weights; all of it can be saved and resumed."""

    def __init__(self, config: NetworkConfig, plan: TrainingPlan, device: torch.device) -> None:
        torch.manual_seed(plan.seed)
        self.config, self.plan, self.device = config, plan, device
        self.network = build_network(config).to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=plan.learning_rate,
            weight_decay=plan.weight_decay,
            betas=(0.9, 0.98),
            fused=device.type == "cuda",
        )
        self.symmetry = Symmetry(device) if plan.symmetry else None
        self.step = 0
        self.seconds = 0.0
        self.begun_with: dict[str, Any] | None = None
        self._answers = ANSWERS if config.architecture == "rt1" else 1
        self._weights = list(self.network.parameters())
        self._pairs = _float_pairs(self.average, self.network)

    def begin_with(self, source: Path) -> dict[str, Any]:
        """Begin with weights of a checkpoint, see `vla_train.babyai.initial`."""
        self.begun_with = begin_with(self.network, self.config.level, source)
        self.average.load_state_dict(self.network.state_dict())
        return self.begun_with

    def train(self, frames: Frames, state_file: Path | None, progress: Progress) -> None:
        """Train to the end, from where a cut-off run stopped."""
        generator = torch.Generator(self.device)
        began = saved = time.monotonic() - self.seconds
        while (share := self._share(time.monotonic() - began)) < 1.0:
            # Each step draws from a stream of its own: a resumed run sees the same frames.
            generator.manual_seed(self.plan.seed * 1_000_003 + self.step)
            batch = frames.draw(
                generator,
                self.plan.batch_size,
                self.config.history,
                self._answers,
                self.symmetry,
            )
            losses = self._learn(batch, learning_rate(self.plan.learning_rate, self.step, share))
            self.step += 1
            if self.step % REPORT_EVERY == 0:
                values = dict(zip(("action", "target", "right"), losses.tolist(), strict=True))
                self.seconds = time.monotonic() - began
                progress(self.step, self._share(self.seconds), values)
                if state_file and time.monotonic() - saved > SAVE_EVERY_S:
                    self.save(state_file)
                    saved = time.monotonic()
        self.seconds = time.monotonic() - began
        if state_file:
            self.save(state_file)

    def save(self, path: Path) -> None:
        """Write everything that a resumed run needs."""
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "begun_with": self.begun_with,
            },
            unfinished,
        )
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.begun_with = state.get("begun_with")

    def _share(self, seconds: float) -> float:
        """How much of the run is done, 1: all."""
        if self.plan.steps is not None:
            return self.step / self.plan.steps
        assert self.plan.seconds is not None
        return seconds / self.plan.seconds

    def _learn(self, batch: Batch, rate: float) -> torch.Tensor:
        """One step; gives the losses and the share of right actions ``[3]``, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        with mixed_precision(self.plan.precision, self.device):
            answers = ask(self.network, batch.images, batch.words, batch.states)
        asked = answers.actions.shape[1]
        actions = batch.actions[:, -asked:]
        cells = nearest_cell(batch.targets[:, -asked:], self.config.size, self.config.stride)
        loss = mean_of_windows(answers.actions.float(), actions)
        target = mean_of_windows(answers.targets.float(), cells)
        (loss + self.plan.target_weight * target).backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self.optimizer.step()
        self._average()
        counted = actions != IGNORED
        right = ((answers.actions.argmax(dim=2) == actions) & counted).sum() / counted.sum()
        return torch.stack([loss.detach(), target.detach(), right])

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.plan.ema_decay, (1 + self.step) / (10 + self.step))
        kept, new = self._pairs
        torch._foreach_lerp_(kept, new, 1 - decay)


def mean_of_windows(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of ``[B, W, choices]`` to ``[B, W]``: the mean of each window's own mean."""
    each = F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none"
    ).view(labels.shape)
    return (each.sum(dim=1) / (labels != IGNORED).sum(dim=1)).mean()


def learning_rate(highest: float, step: int, share: float) -> float:
    """A short warm-up, then along a cosine to nearly nothing as the run is done."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return highest * (0.01 + 0.99 * cosine) * min(1.0, (step + 1) / WARM_UP_STEPS)


def _float_pairs(
    average: torch.nn.Module, network: torch.nn.Module
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The tensors of both that are averaged, in one order: weights, and what batch norm saw."""
    kept, new = average.state_dict(), network.state_dict()
    names = [name for name, value in kept.items() if value.is_floating_point()]
    return [kept[name] for name in names], [new[name] for name in names]
