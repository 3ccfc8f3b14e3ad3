# SPDX-License-Identifier: Apache-2.0
"""Maps and a mission to tokens: what an `RT1` looks with here, in place of an EfficientNet."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.models.fusion import cell_positions, cell_waves
from vla_policy.models.image_tokenizer import Seen
from vla_policy.models.token_learner import TokenLearner
from vla_train.babyai.fusion import wide_blocks
from vla_train.babyai.match import Match
from vla_train.babyai.vision import Features, GridEncoder
from vla_train.babyai.window import put_back


class GridTokenizer(nn.Module):
    """A `GridEncoder`, FiLM blocks led by the mission and a TokenLearner.

    Takes the place of an `ImageTokenizer`: a token depends on its map and the mission alone.
    """

    positions: torch.Tensor
    waves: torch.Tensor

    def __init__(
        self,
        vision: GridEncoder,
        grid: tuple[int, int],
        condition_dim: int,
        token_dim: int,
        tokens: int,
        depth: int = 4,
    ) -> None:
        super().__init__()
        self.encoder, self.grid = vision, grid
        self.match = Match(condition_dim, vision.learnt, vision.stride**2)
        self.place = nn.Conv2d(2, vision.learnt, 1)
        positions = cell_positions(*grid)  # [h * w, 2]
        self.register_buffer("positions", positions, persistent=False)
        self.register_buffer("waves", cell_waves(positions), persistent=False)
        self.blocks = wide_blocks(vision.learnt, condition_dim, depth)
        self.project = nn.Linear(vision.learnt, token_dim)
        self.where = nn.Linear(self.waves.shape[1], token_dim)
        self.learner = TokenLearner(token_dim, tokens)
        if vision.window:
            self.blank = nn.Parameter(torch.zeros(token_dim))

    def forward(self, images: torch.Tensor, condition: torch.Tensor) -> Seen:
        """As in `ImageTokenizer`, of as many missions as histories."""
        tokens, cells = self.all_cells(images, condition)
        return Seen(tokens, cells[:, -1])

    def all_cells(
        self, images: torch.Tensor, condition: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens ``[N, T, K, dim]`` and cells ``[N, T, h * w, dim]`` of every map.

        Args:
            images: ``[N, T, 3, H, W]`` in [0, 1].
            condition: ``[N, D]``.
        """
        steps = images.shape[1]
        told = condition.repeat_interleave(steps, dim=0)  # [N * T, D]
        seen = self.encoder(images.flatten(0, 1))  # [N * T, channels, h, w]
        parts = Features.of(seen, self.encoder.learnt, self.grid)
        matched, _ = self.match(parts.symbols, parts.own, told)
        positions = (
            self.positions[parts.numbers].transpose(1, 2).unflatten(2, parts.learnt.shape[2:])
        )
        x = parts.learnt + matched + self.place(positions)
        for block in self.blocks:
            x = block(x, told)
        cells = self.project(x.flatten(2).transpose(1, 2)) + self.where(self.waves[parts.numbers])
        tokens: torch.Tensor = self.learner(cells)  # cells: [N * T, P, dim]
        if self.encoder.window:
            blank = self.blank.expand(len(self.positions), -1)
            cells = put_back(cells, parts.numbers, blank)
        return tokens.unflatten(0, (-1, steps)), cells.unflatten(0, (-1, steps))
