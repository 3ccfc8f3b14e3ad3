# SPDX-License-Identifier: Apache-2.0
"""Supervised training of a network on labelled frames."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from vla_policy.models.end_to_end import EndToEndVLA
from vla_train.config import RoundConfig, RunConfig
from vla_train.dataset import Batch, FrameDataset
from vla_train.labels import IGNORED

SAVE_EVERY_S = 45.0
WARM_UP_STEPS = 100
BRIGHTNESS = 0.15
TINT = 0.06
Progress = Callable[[int, int, float], None]
"""Called with (steps done, steps in all, smoothed loss)."""


@dataclass
class Losses:
    """What one batch is judged by."""

    action: torch.Tensor
    attention: torch.Tensor
    memory: torch.Tensor


class Trainer:
    """A network, its optimiser and its averaged weights; all of it can be saved and resumed."""

    def __init__(self, config: RunConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.device = device
        self.model = EndToEndVLA(config.model).to(device)
        # Convolutions on a CPU are faster so; the stubs lack this documented form.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-3, weight_decay=config.weight_decay
        )
        self.round = 0
        self.step = 0
        self.seconds = 0.0  # of training in this round

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
            batch = data.draw(rng, self.config.batch_size, self.config.lessons_per_frame)
            losses = self._step(batch, plan, steps, rng)
            value = losses.action.item()
            loss = value if math.isnan(loss) else 0.98 * loss + 0.02 * value
            self.step += 1
            self.seconds = time.monotonic() - began
            progress(self.step, steps, loss)
            if time.monotonic() - saved_s > SAVE_EVERY_S:
                self.save(state_file)
                saved_s = time.monotonic()
        self.save(state_file)

    def save(self, path: Path) -> None:
        """Write everything that a resumed run needs."""
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
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.round, self.step = int(state["round"]), int(state["step"])
        self.seconds = float(state["seconds"])

    def _step(
        self, batch: Batch, plan: RoundConfig, steps: int, rng: np.random.Generator
    ) -> Losses:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(plan, self.step, steps)
        self.model.train()
        losses = self._losses(batch, rng)
        self.optimizer.zero_grad(set_to_none=True)
        total = losses.action + self.config.attention_weight * losses.attention
        (total + self.config.memory_weight * losses.memory).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._average()
        return losses

    def _losses(self, batch: Batch, rng: np.random.Generator) -> Losses:
        batch = Batch(*(value.to(self.device) for value in batch))
        images = _vary(batch.images.float() / 255.0, rng)
        fused = self.model.fuse(images, batch.language, batch.states, batch.memories, batch.stages)
        mode, spot, arrived = self.model.see(fused)
        seen = ~batch.spots.isnan().any(dim=1)
        return Losses(
            action=self.model.decoder.loss(fused.vector, batch.actions),
            attention=_cross_entropy(fused.attention, batch.cells),
            memory=_cross_entropy(mode, batch.modes)
            + _distance(spot[seen], batch.spots[seen])
            + F.binary_cross_entropy_with_logits(arrived, batch.arrivals),
        )

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        new = self.model.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over what is labelled; 0 where nothing is, as in recordings without lessons."""
    if (labels == IGNORED).all():
        return 0.0 * logits.sum()
    return F.cross_entropy(logits, labels, ignore_index=IGNORED)


def _distance(spots: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over the spots ``[N, 2]``, of which there may be none: 0."""
    if not len(labels):
        return spots.sum()
    return F.smooth_l1_loss(spots, labels, beta=0.2)


def learning_rate(plan: RoundConfig, step: int, steps: int) -> float:
    """A short warm-up, then along a cosine from the round's first rate to its last."""
    share = step / max(1, steps)
    cosine = 0.5 * (1 + math.cos(math.pi * share))
    rate = plan.final_rate + (plan.learning_rate - plan.final_rate) * cosine
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS)


def _vary(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Change brightness and tint a little, each image in its own way."""
    size = (len(images), 1, 1, 1, 1)
    gain = 1 + BRIGHTNESS * rng.standard_normal(size)
    tint = 1 + TINT * rng.standard_normal((len(images), 1, 3, 1, 1))
    factor = torch.from_numpy((gain * tint).astype(np.float32)).to(images.device)
    return (images * factor).clamp_(0.0, 1.0)
