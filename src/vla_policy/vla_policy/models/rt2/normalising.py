# SPDX-License-Identifier: Apache-2.0
"""Actions scaled so that most of them fill [-1, 1], as OpenVLA does before it bins them."""

from __future__ import annotations

import torch
from torch import nn

LOW_SHARE, HIGH_SHARE = 0.01, 0.99
"""Quantiles that become -1 and 1: what lies outside is rare, and would waste most of the bins
(arXiv 2406.09246, section 3.2)."""
LEAST_SPAN = 1e-3


class QuantileNormaliser(nn.Module):
    """Maps the actions of an action spec to bins' [-1, 1] and back; at first it changes nothing.

    What it has learnt lies in buffers: it is part of the weights.
    """

    low: torch.Tensor
    high: torch.Tensor

    def __init__(self, action_dim: int) -> None:
        super().__init__()
        self.register_buffer("low", -torch.ones(action_dim))
        self.register_buffer("high", torch.ones(action_dim))

    @torch.no_grad()
    def fit(self, actions: torch.Tensor) -> None:
        """Take the quantiles of actions ``[..., action_dim]``, of which there are many."""
        flat = actions.reshape(-1, actions.shape[-1]).double()
        ordered = flat.sort(dim=0).values
        last = len(ordered) - 1
        low, high = ordered[round(LOW_SHARE * last)], ordered[round(HIGH_SHARE * last)]
        middle, half = (low + high) / 2, ((high - low) / 2).clamp(min=LEAST_SPAN)
        self.low.copy_(middle - half)
        self.high.copy_(middle + half)

    def normalise(self, actions: torch.Tensor) -> torch.Tensor:
        """Actions ``[..., action_dim]`` to [-1, 1]; rare ones are clipped."""
        return (2.0 * (actions - self.low) / (self.high - self.low) - 1.0).clamp(-1.0, 1.0)

    def unnormalise(self, unit: torch.Tensor) -> torch.Tensor:
        """What `normalise` was given, as far as it was not clipped."""
        return self.low + (unit + 1.0) * 0.5 * (self.high - self.low)
