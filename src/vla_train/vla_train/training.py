# SPDX-License-Identifier: Apache-2.0
"""Supervised training of a network on labelled frames."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from vla_policy.models.end_to_end import EndToEndVLA
from vla_policy.models.fusion import Fused
from vla_train.config import RoundConfig, RunConfig
from vla_train.dataset import Batch, FrameDataset
from vla_train.errors import TrainError
from vla_train.group import Group
from vla_train.labels import IGNORED

SAVE_EVERY_S = 45.0
WARM_UP_STEPS = 100
BRIGHTNESS = 0.25
"""Spread of the logarithm of what an image's brightness is multiplied by."""
TINT = 0.08
"""Spread of what each colour is multiplied by."""
REPORT_EVERY = 20
"""Steps from one report to the next: to read a number off a GPU is to wait for it."""
Progress = Callable[[int, int, float, Mapping[str, float]], None]
"""Called with (steps done, steps in all, smoothed loss, the last step's losses and rate)."""


class Losses(NamedTuple):
    """What one batch is judged by."""

    action: torch.Tensor
    attention: torch.Tensor
    memory: torch.Tensor


class Counts(NamedTuple):
    """Of how many things of a batch it is known what is right, and so how much each weighs."""

    lessons: torch.Tensor
    cells: torch.Tensor
    modes: torch.Tensor
    spots: torch.Tensor

    @classmethod
    def of(cls, batch: Batch) -> Counts:
        """Those of a batch: a number each."""
        device = batch.actions.device
        return cls(
            torch.tensor(float(len(batch.actions)), device=device),
            (batch.cells != IGNORED).sum().float(),
            (batch.modes != IGNORED).sum().float(),
            _seen(batch).sum().float(),
        )

    @property
    def least_one(self) -> Counts:
        """The same, but 1 where there is nothing: for sums of nothing to be divided by."""
        return Counts(*(count.clamp(min=1) for count in self))


class Trainer:
    """A network, its optimiser and its averaged weights; all of it can be saved and resumed.

    Args:
        group: the processes that train it together, each with its share of every batch. The
            network is the same in all of them.

    Raises:
        TrainError: a batch is too small to be shared.
    """

    def __init__(self, config: RunConfig, group: Group) -> None:
        if config.batch_size < group.size * config.accumulate:
            raise TrainError(
                f"batch_size must be >= {group.size} processes * accumulate "
                f"{config.accumulate} (got {config.batch_size})"
            )
        torch.manual_seed(config.seed)
        self.config = config
        self.group = group
        self.model = EndToEndVLA(config.model).to(group.device)
        # Convolutions on a CPU are faster so; the stubs lack this documented form.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=1e-3,
            weight_decay=config.weight_decay,
            fused=group.device.type == "cuda",
        )
        self.round = 0
        self.step = 0
        self.seconds = 0.0  # of training in this round

    def begin_with(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take these tensors by name, and leave all others as they are."""
        for network in (self.model, self.average):
            network.load_state_dict(weights, strict=False)

    def train_round(
        self, number: int, data: FrameDataset, state_file: Path, progress: Progress
    ) -> None:
        """Train on random frames for a round's samples, from where a cut-off run stopped."""
        plan = self.config.rounds[number]
        steps = plan.samples // self.config.batch_size
        if self.round != number:
            self.round, self.step, self.seconds = number, 0, 0.0
        loss, saved_s = math.nan, time.monotonic()
        began = saved_s - self.seconds
        while self.step < steps:
            # Each step draws from a stream of its own: a resumed run sees the same frames.
            rng = np.random.default_rng([self.config.seed, number, self.step])
            share = self.group.share(self.config.batch_size)
            batch = data.draw(rng, self.config.batch_size, self.config.lessons_per_frame, share)
            gains = _draw_gains(rng, self.config.batch_size)[share]
            torch.manual_seed(int(rng.integers(2**31)) + self.group.rank)  # of a decoder's noise
            rate = learning_rate(plan, self.step, steps)
            losses = self._step(batch, gains, rate)
            self.step += 1
            self.seconds = time.monotonic() - began
            if self.step % REPORT_EVERY == 0 or self.step == steps:
                values = self._named(losses, rate)
                loss = values["loss/action"] if math.isnan(loss) else _smoothed(loss, values)
                progress(self.step, steps, loss, values)
            if time.monotonic() - saved_s > SAVE_EVERY_S:
                self.save(state_file)
                saved_s = time.monotonic()
        self.save(state_file)

    @property
    def frames(self) -> int:
        """How many it was trained on so far, each as often as it was drawn."""
        before = sum(plan.samples for plan in self.config.rounds[: self.round])
        return before + self.step * self.config.batch_size

    def save(self, path: Path) -> None:
        """Write everything that a resumed run needs; one process does it for all."""
        if not self.group.leads:
            return
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "round": self.round,
                "step": self.step,
                "seconds": self.seconds,
            },
            unfinished,
        )
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        state = torch.load(path, map_location=self.group.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.round, self.step = int(state["round"]), int(state["step"])
        self.seconds = float(state["seconds"])

    def _step(self, batch: Batch, gains: torch.Tensor, rate: float) -> torch.Tensor:
        """Learn from this process's share of a batch; gives the losses of the whole one.

        Nothing in it waits for a GPU: the next step is prepared while it computes this one.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        batch = batch._replace(images=_vary(batch.images.float() / 255.0, gains))
        whole = Counts.of(batch)
        self.group.sum(list(whole))
        whole = whole.least_one
        self.optimizer.zero_grad(set_to_none=True)
        losses = torch.zeros(len(Losses._fields), device=self.group.device)
        for part in batch.parts(self.config.accumulate):
            found = self._losses(part, whole)
            total = found.action + self.config.attention_weight * found.attention
            (total + self.config.memory_weight * found.memory).backward()
            losses += torch.stack([loss.detach() for loss in found])
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        self.group.sum([losses, *gradients])
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._agree()
        self._average()
        return losses

    def _named(self, losses: torch.Tensor, rate: float) -> dict[str, float]:
        names = (f"loss/{name}" for name in Losses._fields)
        return {**dict(zip(names, losses.tolist(), strict=True)), "rate": rate}

    def _losses(self, part: Batch, whole: Counts) -> Losses:
        """The losses of a part of a batch, which add up to the means over the whole one."""
        with torch.autocast(
            self.group.device.type,
            dtype=torch.bfloat16,
            enabled=self.config.precision == "bfloat16",
        ):
            fused = self.model.fuse(
                part.images, part.language, part.states, part.memories, part.stages
            )
        vector, attention = fused.vector.float(), fused.attention.float()
        mode, spot, more = self.model.see(Fused(vector, attention))
        seen = _seen(part)
        off = F.smooth_l1_loss(spot, part.spots.nan_to_num(), beta=0.2, reduction="none")
        share = len(part.actions) / whole.lessons
        return Losses(
            action=share * self.model.decoder.loss(vector, part.actions),
            attention=_cross_entropy(attention, part.cells) / whole.cells,
            memory=_cross_entropy(mode, part.modes) / whole.modes
            + (off.mean(dim=1) * seen).sum() / whole.spots
            + share * F.binary_cross_entropy_with_logits(more, part.more),
        )

    @torch.no_grad()
    def _agree(self) -> None:
        """Take the mean over all processes of what batch norm has seen."""
        if self.group.size == 1:
            return
        kept = self.model.state_dict()
        buffers = [
            buffer
            for name, buffer in self.model.named_buffers()
            if name in kept and buffer.is_floating_point()
        ]
        self.group.sum(buffers)
        for buffer in buffers:
            buffer /= self.group.size

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        new = self.model.state_dict()
        kept = self.average.state_dict()
        weights = [name for name, value in kept.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [kept[name] for name in weights], [new[name] for name in weights], 1 - decay
        )
        for name in kept.keys() - set(weights):
            kept[name].copy_(new[name])


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum over what is labelled; there may be nothing, as in recordings without lessons."""
    return F.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")


def learning_rate(plan: RoundConfig, step: int, steps: int) -> float:
    """A short warm-up, then along a cosine from the round's first rate to its last."""
    share = step / max(1, steps)
    cosine = 0.5 * (1 + math.cos(math.pi * share))
    rate = plan.final_rate + (plan.learning_rate - plan.final_rate) * cosine
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS)


def _smoothed(loss: float, values: Mapping[str, float]) -> float:
    return 0.7 * loss + 0.3 * values["loss/action"]


def _seen(batch: Batch) -> torch.Tensor:
    """Which lessons say where the named thing is, ``[B * Q]``."""
    return ~batch.spots.isnan().any(dim=1)


def _draw_gains(rng: np.random.Generator, size: int) -> torch.Tensor:
    """Brightness and tint of `size` images, ``[size, 1, 3, 1, 1]``."""
    gain = np.exp(BRIGHTNESS * rng.standard_normal((size, 1, 1, 1, 1)))
    tint = 1 + TINT * rng.standard_normal((size, 1, 3, 1, 1))
    return torch.from_numpy((gain * tint).astype(np.float32))


def _vary(images: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
    """Change brightness and tint a little, each image in its own way."""
    return (images * gains.to(images.device)).clamp_(0.0, 1.0)
