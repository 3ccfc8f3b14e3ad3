# SPDX-License-Identifier: Apache-2.0
"""How far it is free, seen in an image; and what is remembered of it, told to the decoder."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.models.fusion import Fused
from vla_policy.surroundings import RANGES, SECTORS

CHANNELS = 32
COLUMN_DIM = 64
HIDDEN = 128
USUAL_RANGE_M = 1.5
"""What it says before it has learnt anything."""


class KeepingOff(nn.Module):
    """Reads ranges off the newest map of features, and puts surroundings into the fused vector.

    How far off a thing is shows in the row where it meets the floor, so each column is read from
    top to bottom, then all columns together. What is told of the surroundings begins as nothing:
    so it can be put into a network that has learnt already.

    Args:
        channels: depth of the map.
        grid: its rows and columns.
        dim: of the fused vector.
    """

    def __init__(self, channels: int, grid: tuple[int, int], dim: int) -> None:
        super().__init__()
        rows, columns = grid
        self.thin = nn.Conv2d(channels, CHANNELS, 3, padding=1)
        self.column = nn.Conv2d(CHANNELS, COLUMN_DIM, (rows, 1))
        self.beside = nn.Conv2d(COLUMN_DIM, CHANNELS, (1, 3), padding=(0, 1))
        self.ranges = nn.Linear(CHANNELS * columns, RANGES)
        told = nn.Linear(HIDDEN, dim)
        nn.init.zeros_(told.weight)
        nn.init.zeros_(told.bias)
        self.told = nn.Sequential(nn.Linear(dim + SECTORS, HIDDEN), nn.ReLU(inplace=True), told)

    def forward(self, fused: Fused, newest: torch.Tensor, surroundings: torch.Tensor) -> Fused:
        """``newest`` [N, C, h, w] and ``surroundings`` [B, SECTORS]; B is a multiple of N."""
        columns = torch.relu(self.column(torch.relu(self.thin(newest))))  # [N, COLUMN_DIM, 1, w]
        logs = self.ranges(torch.relu(self.beside(columns)).flatten(1))  # [N, RANGES]
        told = self.told(torch.cat([fused.vector, surroundings], dim=1))
        return Fused(fused.vector + told, fused.attention, USUAL_RANGE_M * logs.exp())
