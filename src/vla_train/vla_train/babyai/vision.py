# SPDX-License-Identifier: Apache-2.0
"""The vision encoder of grids whose cells are symbols: what is where, as a map of features."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.models.vision import ResidualBlock
from vla_train.babyai.cells import COLOURS, OBJECTS, STATES

SYMBOLS = OBJECTS + len(COLOURS) + STATES


class GridEncoder(nn.Module):
    """Takes the place of a picture's encoder in an `EndToEndVLA` or an `RT1`.

    Object, colour and state of a cell have an embedding each, whose sum stands for the cell (as
    in BabyAI 1.1, arXiv 2007.12770, section 2); a small network for each cell by itself tells a
    red ball from red and ball; then convolutions.

    Attributes:
        learnt: depth of what the convolutions give.
        channels: depth of the feature map: behind what is learnt stand the symbols themselves.
        stride: cells of the grid to a cell of the map in each direction.
    """

    offsets: torch.Tensor

    def __init__(self, channels: int = 64, stride: int = 1, blocks: int = 2) -> None:
        super().__init__()
        self.learnt, self.stride = channels, stride
        self.channels = channels + stride**2 * SYMBOLS
        offsets = torch.tensor([0, OBJECTS, OBJECTS + len(COLOURS)]).view(3, 1, 1)
        self.register_buffer("offsets", offsets, persistent=False)
        self.embed = nn.Conv2d(SYMBOLS, channels // 2, 1)
        self.stem = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``[N, 3, H, W]`` to features ``[N, channels, H / stride, W / stride]``.

        The channels of an image are object, colour and state, each divided by 255 as the colours
        of a picture are.
        """
        numbers = (images * 255.0).round().long() + self.offsets  # [N, 3, H, W]
        marks = images.new_zeros(len(images), SYMBOLS, *images.shape[-2:])
        marks = marks.scatter_(1, numbers, 1.0).contiguous(memory_format=torch.channels_last)
        features = self.blocks(self.stem(self.embed(marks)))
        height, width = features.shape[-2:]
        parts = marks.unflatten(3, (width, self.stride)).unflatten(2, (height, self.stride))
        plain = parts.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)  # [N, stride^2 * SYMBOLS, h, w]
        return torch.cat([features, plain.to(features.dtype)], dim=1)


def nearest_cell(cells: torch.Tensor, size: int, stride: int) -> torch.Tensor:
    """Numbers of cells of a grid of ``size`` to those of the map of features; beyond: beyond."""
    inside = cells < size * size
    row, column = cells // size // stride, cells % size // stride
    width = size // stride
    there = torch.where(inside, row * width + column, torch.full_like(cells, width * width))
    return torch.where(cells < 0, cells, there)


def middle(features: torch.Tensor, reach: int) -> torch.Tensor:
    """The cells around the robot's own ``[N, C, 2 * reach + 1, 2 * reach + 1]``."""
    row, column = features.shape[-2] // 2, features.shape[-1] // 2
    return features[:, :, row - reach : row + reach + 1, column - reach : column + reach + 1]
