# SPDX-License-Identifier: Apache-2.0
"""The fusion of a map, a mission and a compass: which way to go, read off at the robot."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.models.fusion import FilmBlock, Fused, cell_positions
from vla_train.babyai.match import Match
from vla_train.babyai.vision import middle

STEPS = (1, 2, 4, 1)
NEAR = 2
HEADING = 2
"""Place of the heading in the robot's state."""


class RouteFusion(nn.Module):
    """FiLM blocks over the map, some of them with wide steps, so that news of a target travels.

    Takes the place of a `MultimodalFusion` in an `EndToEndVLA`. The action depends on what is
    near the robot, which is always at the same place of the map: there the features are read.

    Args:
        channels: what a `GridEncoder` learns.
        parts: cells of the grid in one of the map of features.
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
        self.dim = dim
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
        height, width = seen.shape[-2:]
        matched, named = self.match(seen[:, self.channels :], condition)
        x = seen[:, : self.channels] + matched
        x = x + self.place(self.positions.T.reshape(1, 2, height, width))
        for block in self.blocks:
            x = block(x, condition)
        cells = x.flatten(2)  # [B, C, h * w]
        highest = cells.amax(dim=2)
        logits = self.pointer(x).flatten(1) + named
        weights = logits.softmax(dim=1)
        looked_at = torch.einsum("np,ncp->nc", weights, cells)
        attention = torch.cat([logits, self.absent(torch.cat([highest, condition], dim=1))], dim=1)
        unseen = attention.softmax(dim=1)[:, -1:]
        near = middle(x, NEAR).flatten(1)
        parts = [near, looked_at, weights @ self.positions, highest, unseen, condition]
        return Fused(self.merge(torch.cat(parts, dim=1)), attention)


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
