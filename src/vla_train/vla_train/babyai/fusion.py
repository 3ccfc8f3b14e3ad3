# SPDX-License-Identifier: Apache-2.0
"""The fusion of a map, a mission and a compass: which way to go, read off at the robot."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.models.fusion import FilmBlock, Fused, cell_positions
from vla_train.babyai.match import Match
from vla_train.babyai.vision import Features
from vla_train.babyai.window import around, put_back

STEPS = (1, 2, 4, 1)
NEAR = 2
HEADING = 2
"""Place of the heading in the robot's state."""
NEVER = -1e4
"""Logit of a cell that was not looked at."""


class RouteFusion(nn.Module):
    """FiLM blocks over the map, some of them with wide steps, so that news of a target travels.

    Takes the place of a `MultimodalFusion` in an `EndToEndVLA`. The action depends on what is
    near the robot: there the features are read.

    Args:
        channels: what a `GridEncoder` learns.
        parts: cells of the grid in one of the map of features.
        grid: cells of the map of features of a whole image.
    """

    positions: torch.Tensor

    def __init__(
        self,
        channels: int,
        parts: int,
        language_dim: int,
        slots: int,
        grid: tuple[int, int],
        dim: int = 256,
        depth: int = 4,
    ) -> None:
        super().__init__()
        self.dim, self.grid = dim, grid
        condition = slots * language_dim + 1
        self.register_buffer("positions", cell_positions(*grid), persistent=False)  # [h * w, 2]
        self.channels = channels
        self.match = Match(condition, channels, parts)
        self.place = nn.Conv2d(2, channels, 1)
        self.blocks = wide_blocks(channels, condition, depth)
        self.pointer = nn.Conv2d(channels, 1, 1)
        self.absent = nn.Linear(channels + condition, 1)
        near = channels * (2 * NEAR + 1) ** 2
        self.merge = nn.Sequential(
            nn.Linear(near + 2 * channels + 3 + condition, dim),
            nn.ReLU(inplace=True),
            nn.Linear(dim, dim),
            nn.ReLU(inplace=True),
        )

    def forward(self, features: torch.Tensor, language: torch.Tensor, body: torch.Tensor) -> Fused:
        """``features`` [N, 1, channels + symbols, h, w], the rest as in `FilmFusion`."""
        compass = torch.cos(body[:, HEADING : HEADING + 1])
        condition = torch.cat([language.flatten(1), compass], dim=1)
        seen = features[:, -1].repeat_interleave(len(condition) // len(features), dim=0)
        parts = Features.of(seen, self.channels, self.grid)
        positions = self.positions[parts.numbers]  # [B, P, 2], P cells that are looked at
        matched, named = self.match(parts.symbols, parts.own, condition)
        x = parts.learnt + matched
        x = x + self.place(positions.transpose(1, 2).unflatten(2, x.shape[2:]))
        for block in self.blocks:
            x = block(x, condition)
        cells = x.flatten(2)  # [B, C, P]
        highest = cells.amax(dim=2)
        logits = self.pointer(x).flatten(1) + named  # [B, P]
        weights = logits.softmax(dim=1)
        looked_at = torch.einsum("np,ncp->nc", weights, cells)
        absent = self.absent(torch.cat([highest, condition], dim=1))
        unseen = torch.cat([logits, absent], dim=1).softmax(dim=1)[:, -1:]
        near = around(x, parts.place, NEAR).flatten(1)
        where = torch.einsum("np,npd->nd", weights, positions)
        vector = self.merge(torch.cat([near, looked_at, where, highest, unseen, condition], dim=1))
        blank = torch.full_like(self.positions[:, 0], NEVER)  # [h * w]
        everywhere = put_back(logits, parts.numbers, blank)
        return Fused(vector, torch.cat([everywhere, absent], dim=1))


def wide_blocks(channels: int, condition_dim: int, depth: int) -> nn.ModuleList:
    """FiLM blocks, near and wide ones in turn."""
    steps = (STEPS[number % len(STEPS)] for number in range(depth))
    return nn.ModuleList(WideFilmBlock(channels, condition_dim, step) for step in steps)


class WideFilmBlock(FilmBlock):
    """A `FilmBlock` whose convolution looks further than at its neighbours."""

    def __init__(self, channels: int, condition_dim: int, dilation: int) -> None:
        super().__init__(channels, condition_dim)
        self.conv = nn.Conv2d(
            channels, channels, 3, padding=dilation, dilation=dilation, bias=False
        )
