# SPDX-License-Identifier: Apache-2.0
"""Numbers as words: 256 bins of a range, and the tokens that stand for them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from vla_policy.models.rt2.numbers import BINS


@dataclass(frozen=True)
class ActionBins:
    """Actions in [-1, 1] as the least-used tokens of a vocabulary, which are its last.

    The lowest action is the last token, and the next higher ones stand before it.

    Attributes:
        vocabulary: number of tokens; those of the actions are its last `BINS`.
    """

    vocabulary: int

    def tokens(self, actions: torch.Tensor) -> torch.Tensor:
        """Actions ``[...]`` in [-1, 1] to tokens of the same shape."""
        return self.vocabulary - 1 - self.places(actions)

    def places(self, actions: torch.Tensor) -> torch.Tensor:
        """Which edge lies at or below each action, from 0: ``[...]`` to the same shape."""
        edges = torch.linspace(-1.0, 1.0, BINS, device=actions.device, dtype=actions.dtype)
        return torch.bucketize(actions.clamp(-1.0, 1.0), edges, right=True) - 1

    def actions(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens ``[...]`` to the centres of their bins; of others, to the nearest centre."""
        place = (self.vocabulary - 1 - tokens).clamp(0, BINS - 2)
        return (2.0 * place + 1.0) / (BINS - 1) - 1.0

    @property
    def first(self) -> int:
        """The first of the tokens, which is that of the highest action."""
        return self.vocabulary - BINS


@dataclass(frozen=True)
class Scale:
    """A quantity as one of `BINS` bins, finer near zero: they are even in asinh(value / unit).

    Attributes:
        unit: where bins begin to widen.
        most: the largest size that is told from still larger ones.
    """

    unit: float
    most: float

    def places(self, values: torch.Tensor) -> torch.Tensor:
        """Bins of values ``[...]``, 0 to `BINS` - 1."""
        share = torch.asinh(values / self.unit) / self._end
        return ((share.clamp(-1.0, 1.0) + 1.0) * (0.5 * (BINS - 1))).round().long()

    def values(self, places: torch.Tensor) -> torch.Tensor:
        """What the bins stand for: the middle of each."""
        share = places / (0.5 * (BINS - 1)) - 1.0
        return self.unit * torch.sinh(share * self._end)

    @property
    def _end(self) -> float:
        return math.asinh(self.most / self.unit)


@dataclass(frozen=True)
class LogScale:
    """A positive quantity as one of `BINS` bins, each wider than the last by the same share."""

    least: float
    most: float

    def places(self, values: torch.Tensor) -> torch.Tensor:
        """Bins of values ``[...]``, 0 to `BINS` - 1."""
        share = torch.log(values.clamp(min=1e-6) / self.least) / self._span
        return (share.clamp(0.0, 1.0) * (BINS - 1)).round().long()

    def values(self, places: torch.Tensor) -> torch.Tensor:
        """What the bins stand for: the middle of each."""
        return self.least * torch.exp(places / (BINS - 1) * self._span)

    @property
    def _span(self) -> float:
        return math.log(self.most / self.least)


SCALES: dict[str, Scale | LogScale] = {
    "ahead": Scale(unit=0.25, most=4.0),
    "left": Scale(unit=0.25, most=4.0),
    "turned": Scale(unit=1.0, most=9.5),
    "bearing": Scale(unit=0.5, most=3.1416),
    "distance": LogScale(least=0.15, most=8.0),
}
"""What a robot says of itself, in m and rad: how far it has come since the present part of the
sentence began, and in which bearing and how far away the named thing stands. Each has tokens of
its own: what a number means need not be read from what stands around it."""


def cartesian(bearing: torch.Tensor, distance: torch.Tensor) -> torch.Tensor:
    """A place in polar form to ``[..., 2]``: m ahead, and m to the left."""
    return torch.stack([distance * bearing.cos(), distance * bearing.sin()], dim=-1)


def polar(places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Places ``[..., 2]`` (m ahead, m to the left) to bearings [rad] and distances [m]."""
    ahead, left = places.unbind(dim=-1)
    return torch.atan2(left, ahead), torch.linalg.vector_norm(places, dim=-1)
