# SPDX-License-Identifier: Apache-2.0
"""How far it is free, seen in an image; and what is remembered of it, told to a network."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.surroundings import RANGES, SECTORS

CHANNELS = 32
COLUMN_DIM = 64
HIDDEN = 128
USUAL_RANGE_M = 1.5
"""What is said of an image before anything is learnt."""


class RangeReader(nn.Module):
    """Reads ranges off a map of features.

    How far off a thing is shows in the row where it meets the floor, so each column is read from
    top to bottom, then all columns together.

    Args:
        channels: depth of the map.
        grid: its rows and columns.
    """

    def __init__(self, channels: int, grid: tuple[int, int]) -> None:
        super().__init__()
        rows, columns = grid
        self.thin = nn.Conv2d(channels, CHANNELS, 3, padding=1)
        self.column = nn.Conv2d(CHANNELS, COLUMN_DIM, (rows, 1))
        self.beside = nn.Conv2d(COLUMN_DIM, CHANNELS, (1, 3), padding=(0, 1))
        self.ranges = nn.Linear(CHANNELS * columns, RANGES)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """``[N, C, h, w]`` to ``[N, RANGES]`` [m]; see `vla_policy.surroundings`."""
        columns = torch.relu(self.column(torch.relu(self.thin(features))))  # [N, D, 1, w]
        logs = self.ranges(torch.relu(self.beside(columns)).flatten(1))
        return USUAL_RANGE_M * logs.exp()


class Told(nn.Module):
    """Puts surroundings into what a network has made of all else.

    They begin as nothing: so they can be told to a network that has learnt already.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        last = nn.Linear(HIDDEN, dim)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(nn.Linear(dim + SECTORS, HIDDEN), nn.ReLU(inplace=True), last)

    def forward(self, vector: torch.Tensor, surroundings: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` and ``[B, SECTORS]`` to ``[B, dim]``."""
        told: torch.Tensor = self.network(torch.cat([vector, surroundings], dim=1))
        return vector + told
