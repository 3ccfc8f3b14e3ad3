# SPDX-License-Identifier: Apache-2.0
"""Action decoders: one vector to a chunk of actions."""

from __future__ import annotations

import torch
from torch import nn


class RegressionDecoder(nn.Module):
    """A small network that gives all actions of the chunk at once."""

    def __init__(self, dim: int, horizon: int, action_dim: int, hidden: int = 256) -> None:
        super().__init__()
        self.shape = (horizon, action_dim)
        self.network = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, horizon * action_dim),
        )

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` to ``[B, horizon, action_dim]`` in [-1, 1]."""
        return torch.tanh(self.network(vector)).view(-1, *self.shape)
