# SPDX-License-Identifier: Apache-2.0
"""Points at the named thing in the image: for training alone."""

from __future__ import annotations

import torch
from torch import nn

DEPTH = 64


class Pointer(nn.Module):
    """Says which of the image's embeddings shows what a text is about, or that none does.

    It asks the states in the middle of the language model. To find a thing is then learnt from
    where it is, and not only from what is to be said of it in the end; the layers above have what
    they need to look there themselves. A policy that drives does not use it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, DEPTH)
        self.key = nn.Linear(width, DEPTH)
        self.absent = nn.Linear(width, 1)

    def forward(self, image: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """States ``[B, P, d]`` and ``[B, Q, d]`` to logits ``[B * Q, P + 1]``; last: absent."""
        scores = self.query(text) @ self.key(image).mT / DEPTH**0.5
        return torch.cat([scores, self.absent(text)], dim=-1).flatten(0, 1)
