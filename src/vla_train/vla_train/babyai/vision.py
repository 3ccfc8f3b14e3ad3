# SPDX-License-Identifier: Apache-2.0
"""The vision encoder of grids whose cells are symbols: what is where, as a map of features."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from vla_policy.models.vision import ResidualBlock
from vla_train.babyai.cells import COLOURS, OBJECTS, STATES
from vla_train.babyai.window import MARKS, crop, first_cells, marks, numbers_of

SYMBOLS = OBJECTS + len(COLOURS) + STATES


class GridEncoder(nn.Module):
    """Takes the place of a picture's encoder in an `EndToEndVLA` or an `RT1`.

    Object, colour and state of a cell have an embedding each, whose sum stands for the cell (as
    in BabyAI 1.1, arXiv 2007.12770, section 2); a small network for each cell by itself tells a
    red ball from red and ball; then convolutions.

    Attributes:
        learnt: depth of what the convolutions give.
        channels: depth of the feature map: behind what is learnt stand the symbols themselves, and
            row and column of each cell in the map of features of the whole image.
        stride: cells of the grid to a cell of the map in each direction.
        window: cells of the grid in each direction that are looked at, all that was seen among
            them; 0: all.
    """

    offsets: torch.Tensor

    def __init__(
        self, channels: int = 64, stride: int = 1, blocks: int = 2, window: int = 0
    ) -> None:
        super().__init__()
        self.learnt, self.stride, self.window = channels, stride, window
        self.channels = channels + stride**2 * SYMBOLS + MARKS
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
        of a picture are. With a window H and W of the features are the window's.
        """
        first = torch.zeros(len(images), 2, dtype=torch.long, device=images.device)
        if self.window:
            first = first_cells(images, self.window, self.stride)
            images = crop(images, first, self.window, self.window)
        numbers = (images * 255.0).round().long() + self.offsets  # [N, 3, H, W]
        symbols = images.new_zeros(len(images), SYMBOLS, *images.shape[-2:])
        symbols = symbols.scatter_(1, numbers, 1.0).contiguous(memory_format=torch.channels_last)
        features = self.blocks(self.stem(self.embed(symbols)))
        height, width = features.shape[-2:]
        parts = symbols.unflatten(3, (width, self.stride)).unflatten(2, (height, self.stride))
        plain = parts.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)  # [N, stride^2 * SYMBOLS, h, w]
        where = marks(first // self.stride, height, width)
        behind = [each.to(features.dtype) for each in (plain, where)]
        return torch.cat([features, *behind], dim=1)


class Features(NamedTuple):
    """What a `GridEncoder` gives, taken apart.

    Attributes:
        learnt: ``[N, C, h, w]``.
        symbols: ``[N, stride^2 * SYMBOLS, h, w]`` what is in each cell.
        own: ``[N, stride^2 * SYMBOLS]`` what is in the robot's own: it holds what it carries.
        place: ``[N, 2]`` row and column of the robot's own cell.
        numbers: ``[N, h * w]`` of the cells in the map of features of the whole image.
    """

    learnt: torch.Tensor
    symbols: torch.Tensor
    own: torch.Tensor
    place: torch.Tensor
    numbers: torch.Tensor

    @classmethod
    def of(cls, features: torch.Tensor, learnt: int, grid: tuple[int, int]) -> Features:
        """Of a map of features ``[N, channels, h, w]``; ``grid`` is that of the whole image."""
        symbols, where = features[:, learnt:-MARKS], features[:, -MARKS:]
        place = torch.tensor(grid, device=features.device) // 2 - where[:, :, 0, 0].long()
        own = crop(symbols, place, 1, 1)[:, :, 0, 0]
        return cls(features[:, :learnt], symbols, own, place, numbers_of(where, grid[1]))


def nearest_cell(cells: torch.Tensor, size: int, stride: int) -> torch.Tensor:
    """Numbers of cells of a grid of ``size`` to those of the map of features; beyond: beyond."""
    inside = cells < size * size
    row, column = cells // size // stride, cells % size // stride
    width = size // stride
    there = torch.where(inside, row * width + column, torch.full_like(cells, width * width))
    return torch.where(cells < 0, cells, there)
