# SPDX-License-Identifier: Apache-2.0
"""What networks are judged by when they learn from lessons."""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F

from vla_policy.models.fusion import Fused
from vla_policy.models.network import AnyNetwork, Network
from vla_train.dataset import Batch
from vla_train.errors import TrainError
from vla_train.labels import IGNORED
from vla_train.quiz import Quiz

RANGE_LIMITS_M = (0.1, 3.0)
"""Beyond these a range is as good as another."""


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
            torch.full((), float(len(batch.actions)), device=device),
            (batch.cells != IGNORED).sum().float(),
            (batch.modes != IGNORED).sum().float(),
            _seen(batch).sum().float(),
        )

    @property
    def least_one(self) -> Counts:
        """The same, but 1 where there is nothing: for sums of nothing to be divided by."""
        return Counts(*(count.clamp(min=1) for count in self))


class LessonLosses(Protocol):
    """The losses of a part of a batch, which add up to the means over the whole one."""

    def __call__(self, model: Any, part: Batch, whole: Counts) -> Losses:
        """The losses; `whole` says of how many things, at least one of each."""
        ...


OF_OTHERS: dict[str, str] = {"rt2": "vla_train.rt2_losses:part_losses"}
"""Architectures that learn in a way of their own, and where its function is, `"module:name"`."""
QUIZZES: dict[str, str] = {"rt2": "vla_train.rt2_losses:question_tokens"}
"""Architectures that answer questions, and what makes a network's `Quiz`."""


def losses_of(architecture: str) -> LessonLosses:
    """How networks of an architecture are judged."""
    if architecture not in OF_OTHERS:
        return looking_losses
    found: LessonLosses = _named(OF_OTHERS[architecture])
    return found


def quiz_of(architecture: str, model: AnyNetwork) -> Quiz:
    """How questions become what a network of an architecture answers.

    Raises:
        TrainError: it answers none.
    """
    if architecture not in QUIZZES:
        raise TrainError(
            f"questions_per_frame must be 0 for {architecture}: questions are answered by "
            f"{', '.join(QUIZZES)} alone"
        )
    return functools.partial(_named(QUIZZES[architecture]), model)


def looking_losses(model: Network, part: Batch, whole: Counts) -> Losses:
    """Of networks that say what to do, and where in the image and on the floor they see what."""
    fused = model.fuse(part.images, part.language, part.states, part.memories, part.stages)
    with torch.autocast(part.images.device.type, enabled=False):
        vector, attention = fused.vector.float(), fused.attention.float()
        mode, spot, more = model.see(Fused(vector, attention))
        seen = _seen(part)
        off = F.smooth_l1_loss(spot, part.spots.nan_to_num(), beta=0.2, reduction="none")
        share = len(part.actions) / whole.lessons
        return Losses(
            action=share * model.decoder.loss(vector, part.actions),
            attention=_cross_entropy(attention, part.cells) / whole.cells,
            memory=_cross_entropy(mode, part.modes) / whole.modes
            + (off.mean(dim=1) * seen).sum() / whole.spots
            + share * F.binary_cross_entropy_with_logits(more, part.more)
            + share * range_loss(fused.ranges, part.ranges),
        )


def range_loss(ranges: torch.Tensor | None, right: torch.Tensor | None) -> torch.Tensor | float:
    """How far ranges are off, as a share of them: what is near counts."""
    if ranges is None or right is None:
        return 0.0
    right = right.repeat_interleave(len(ranges) // len(right), dim=0)  # one for each sentence
    logs = [each.float().clamp(*RANGE_LIMITS_M).log() for each in (ranges, right)]
    off = F.smooth_l1_loss(logs[0], logs[1].nan_to_num(), beta=0.05, reduction="none")
    return (off * ~right.isnan()).mean()


def _named(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum over what is labelled; there may be nothing, as in recordings without lessons."""
    return F.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")


def _seen(batch: Batch) -> torch.Tensor:
    """Which lessons say where the named thing is, ``[B * Q]``."""
    return ~batch.spots.isnan().any(dim=1)
