# SPDX-License-Identifier: Apache-2.0
"""Images and a sentence to tokens, as in RT-1 (arXiv 2212.06817, section 5.1)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.models.efficientnet import Film, FilmEfficientNet
from vla_policy.models.fusion import cell_positions, cell_waves
from vla_policy.models.rt1_config import RT1Config
from vla_policy.models.token_learner import TokenLearner


class Seen(NamedTuple):
    """What a tokenizer makes of the images.

    Attributes:
        tokens: ``[M, T, K, dim]``, oldest first.
        cells: of the newest image's map ``[M, h * w, dim]``, row by row.
    """

    tokens: torch.Tensor
    cells: torch.Tensor


class ImageTokenizer(nn.Module):
    """An EfficientNet led by the sentence, and a TokenLearner that picks a few tokens.

    A token depends on its image and on the condition alone, so that it can be kept for the
    looks to come.
    """

    waves: torch.Tensor

    def __init__(self, config: RT1Config, condition_dim: int | None) -> None:
        super().__init__()
        self.grid, self.pool = config.grid, config.pool
        self.network = FilmEfficientNet(
            config.width,
            config.depth,
            config.stages,
            config.top_channels,
            config.odd_sizes,
            config.drop_path,
            condition_dim,
            config.film_from,
        )
        self.project = nn.Conv2d(self.network.channels, config.token_dim, 1, bias=False)
        self.film = None if condition_dim is None else Film(config.token_dim, condition_dim)
        waves = cell_waves(cell_positions(*config.grid))  # [h * w, waves]
        self.register_buffer("waves", waves, persistent=False)
        self.place = nn.Linear(waves.shape[1], config.token_dim) if config.places else None
        self.learner = (
            TokenLearner(config.token_dim, config.image_tokens) if config.token_learner else None
        )

    def forward(self, images: torch.Tensor, condition: torch.Tensor | None) -> Seen:
        """``[N, T, 3, H, W]`` in [0, 1] and ``[M, D]`` (None: M is N); M is a multiple of N."""
        steps = images.shape[1]
        x = self.project(self.network(images, condition))  # [M * T, dim, h, w]
        if self.film is not None:
            assert condition is not None
            x = self.film(x, condition, steps)
        cells = x.flatten(2).transpose(1, 2)  # [M * T, h * w, dim]
        if self.place is not None:
            cells = cells + self.place(self.waves)
        tokens = self._tokens(cells)
        return Seen(
            tokens.unflatten(0, (-1, steps)), cells.unflatten(0, (-1, steps))[:, steps - 1]
        )

    def _tokens(self, cells: torch.Tensor) -> torch.Tensor:
        if self.learner is not None:
            chosen: torch.Tensor = self.learner(cells)
            return chosen
        if self.pool == 1:
            return cells
        maps = cells.transpose(1, 2).unflatten(2, self.grid)
        return F.avg_pool2d(maps, self.pool).flatten(2).transpose(1, 2)
