# SPDX-License-Identifier: Apache-2.0
"""The action decoder where an action is one of a few choices."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from vla_train.babyai.frames import IGNORED


class ChoiceDecoder(nn.Module):
    """Gives each choice a probability and takes the likeliest.

    Takes the place of an `ActionDecoder`: choices lie in [-1, 1], see `ChoiceSpec`.
    """

    centres: torch.Tensor

    def __init__(self, dim: int, choices: int) -> None:
        super().__init__()
        self.choices = choices
        self.network = nn.Linear(dim, choices)
        self.register_buffer("centres", torch.linspace(-1, 1, choices), persistent=False)

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` to ``[B, 1, 1]`` in [-1, 1]."""
        return self.centres[self.logits(vector).argmax(dim=-1)].view(-1, 1, 1)

    def logits(self, vector: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` to ``[B, choices]``."""
        logits: torch.Tensor = self.network(vector)
        return logits

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Cross-entropy to the actions ``[B, 1, 1]`` in [-1, 1]: a scalar."""
        numbers = ((actions.flatten() + 1) * (self.choices - 1) / 2).round().long()
        return F.cross_entropy(self.logits(vector), numbers, ignore_index=IGNORED)
