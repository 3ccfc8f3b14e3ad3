# SPDX-License-Identifier: Apache-2.0
"""Language encoders: sentences to one vector each."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.sentence import EMBEDDING_DIM, shared_encoder


class SentenceProjection(nn.Module):
    """A frozen sentence encoder, and a small network from its space into ours.

    The frozen part is no parameter of this module: it is shared by the process and not
    written into checkpoints.
    """

    def __init__(self, dim: int = 128) -> None:
        super().__init__()
        self.dim = dim
        self.project = nn.Sequential(
            nn.Linear(EMBEDDING_DIM, 2 * dim), nn.ReLU(inplace=True), nn.Linear(2 * dim, dim)
        )

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """Frozen embeddings ``[B, 384]`` of the sentences."""
        embeddings = torch.from_numpy(shared_encoder()(instructions))
        return embeddings.to(next(self.parameters()).device)

    def forward(self, instructions: list[str] | torch.Tensor) -> torch.Tensor:
        """Sentences, or their embeddings ``[B, 384]``, to ``[B, dim]``."""
        if not isinstance(instructions, torch.Tensor):
            instructions = self.embed(instructions)
        # Unit length in 384 dimensions leaves values around 0.05: too small to start from.
        return self.project(instructions * EMBEDDING_DIM**0.5)
