# SPDX-License-Identifier: Apache-2.0
"""TokenLearner: a map to a few tokens, each a weighted mean of its cells (arXiv 2106.11297)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

BOTTLENECK = 64


class TokenLearner(nn.Module):
    """Version 1.1, as RT-1's code has it: a softmax over the cells for each token."""

    def __init__(self, dim: int, tokens: int, bottleneck: int = BOTTLENECK) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.hidden = nn.Linear(dim, bottleneck)
        self.out = nn.Linear(bottleneck, tokens)

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        """``[N, cells, dim]`` to ``[N, tokens, dim]``."""
        return self.weights(cells) @ cells

    def weights(self, cells: torch.Tensor) -> torch.Tensor:
        """What each token takes of each cell, ``[N, tokens, cells]``; each row's sum is 1."""
        hidden = F.gelu(self.hidden(self.norm(cells)), approximate="tanh")
        return self.out(hidden).transpose(1, 2).softmax(dim=-1)
