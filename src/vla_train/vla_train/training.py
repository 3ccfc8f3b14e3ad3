# SPDX-License-Identifier: Apache-2.0
"""Supervised training of a network on labelled frames."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from vla_policy.architectures import architecture_of
from vla_policy.backends.hardware import has_compiler
from vla_train.config import RoundConfig, RunConfig
from vla_train.dataset import Batch, FrameDataset
from vla_train.devices import mixed_precision, to_device
from vla_train.errors import TrainError
from vla_train.group import Group
from vla_train.losses import Counts, Losses, losses_of, quiz_of
from vla_train.quiz import Quiz
from vla_train.step_graphs import Step, StepGraphs
from vla_train.varying import draw_looks, vary

SAVE_EVERY_S = 45.0
WARM_UP_STEPS = 100
SMOOTHING = 0.98
REPORT_EVERY = 20
"""Steps from one report of a GPU to the next: to read a number off it is to wait for it."""
Progress = Callable[[int, int, float, Mapping[str, float]], None]
"""Called with (steps done, steps in all, smoothed loss, the last step's losses and rate)."""


class Trainer:
    """A network, its optimiser and its averaged weights; all of it can be saved and resumed.

    Args:
        group: the processes that train it together, each with its share of every batch. The
            network is the same in all of them.

    Raises:
        TrainError: a batch is too small to be shared, or the network answers no questions.
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
        architecture = architecture_of(config.model)
        self.model = architecture.make_network(config.model).to(group.device)
        self._losses = losses_of(architecture.name)
        self.quiz: Quiz | None = None
        if config.questions_per_frame:
            self.quiz = quiz_of(architecture.name, self.model)
        # Convolutions on a CPU are faster so; the stubs lack this documented form.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        gpu = group.device.type == "cuda"
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            # A graph reads the rate from where it lies; on a CPU a number is as good.
            lr=torch.tensor(1e-3, device=group.device) if gpu else 1e-3,
            weight_decay=config.weight_decay,
            fused=gpu,
            capturable=gpu,
        )
        self._averaged = _Averaged(self.average, self.model)
        if config.compiled and not gpu and has_compiler():
            self.model.compile_for_training()
        self._learn_step = self._new_step()
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
        self._learn_step = self._new_step()  # sentences may have become longer
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
            batch = data.draw(
                rng,
                self.config.batch_size,
                self.config.lessons_per_frame,
                share,
                still=rng.random() < self.config.still_share,
            )
            looks = draw_looks(rng, self.config.batch_size)[share]
            torch.manual_seed(int(rng.integers(2**31)) + self.group.rank)  # of a decoder's noise
            rate = learning_rate(plan, self.step, steps)
            losses = self._step(batch, looks, rate)
            self.step += 1
            self.seconds = time.monotonic() - began
            every = REPORT_EVERY if self.group.device.type == "cuda" else 1
            if self.step % every == 0 or self.step == steps:
                values = self._named(losses, rate)
                new = values["loss/action"]
                loss = new if math.isnan(loss) else new + SMOOTHING**every * (loss - new)
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
        # How it computes is this device's matter, not that of the one that wrote the file.
        own = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({**state["optimizer"], "param_groups": own})
        self.round, self.step = int(state["round"]), int(state["step"])
        self.seconds = float(state["seconds"])

    def _new_step(self) -> Step:
        """`_learn` as this device does it fastest."""
        if self.group.device.type == "cuda" and self.group.size == 1:
            return StepGraphs(self._learn, self.group.device)
        return self._learn

    def _step(self, batch: Batch, looks: torch.Tensor, rate: float) -> torch.Tensor:
        """Learn from this process's share of a batch; gives the losses of the whole one.

        Nothing in it waits for a GPU: the next step is prepared while it computes this one.
        """
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        losses = self._learn_step(batch, to_device(looks, self.group.device))
        self._agree()
        self._averaged.follow(min(self.config.ema_decay, (1 + self.step) / (10 + self.step)))
        return losses

    def _learn(self, batch: Batch, looks: torch.Tensor) -> torch.Tensor:
        """What of a step is the same for all batches of a shape, and can be captured."""
        self.model.train()
        batch = batch._replace(images=vary(batch.images.float() / 255.0, looks))
        whole = Counts.of(batch)
        self.group.sum(list(whole))
        whole = whole.least_one
        self.optimizer.zero_grad(set_to_none=True)
        losses = torch.zeros(len(Losses._fields), device=self.group.device)
        for part in batch.parts(self.config.accumulate):
            with mixed_precision(self.config.precision, self.group.device):
                found = self._losses(self.model, part, whole)
            total = found.action + self.config.attention_weight * found.attention
            (total + self.config.memory_weight * found.memory).backward()
            losses += torch.stack([loss.detach() for loss in found])
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        self.group.sum([losses, *gradients])
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return losses

    def _named(self, losses: torch.Tensor, rate: float) -> dict[str, float]:
        names = (f"loss/{name}" for name in Losses._fields)
        return {**dict(zip(names, losses.tolist(), strict=True)), "rate": rate}

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


class _Averaged:
    """The mean of a network's weights over its last steps.

    Args:
        average: takes it; a copy of the network.
    """

    def __init__(self, average: torch.nn.Module, model: torch.nn.Module) -> None:
        kept, new = average.state_dict(), model.state_dict()
        weights = [name for name, value in kept.items() if value.is_floating_point()]
        counts = sorted(kept.keys() - set(weights))
        self._weights = [kept[name] for name in weights]
        self._new_weights = [new[name] for name in weights]
        self._counts = [kept[name] for name in counts]
        self._new_counts = [new[name] for name in counts]

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Go so far to where the network is; what is counted is what it has counted."""
        torch._foreach_lerp_(self._weights, self._new_weights, 1 - decay)
        if self._counts:
            torch._foreach_copy_(self._counts, self._new_counts)


def learning_rate(plan: RoundConfig, step: int, steps: int) -> float:
    """A short warm-up, then along a cosine from the round's first rate to its last."""
    share = step / max(1, steps)
    cosine = 0.5 * (1 + math.cos(math.pi * share))
    rate = plan.final_rate + (plan.learning_rate - plan.final_rate) * cosine
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS)
