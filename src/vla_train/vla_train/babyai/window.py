# SPDX-License-Identifier: Apache-2.0
"""The part of a robot's map that has been seen: the rest is blank, and is not computed.

A map reaches as far as the robot can go in each direction, so most of a large one lies outside
the walls. What a network answers stays in cells of the whole map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

MARKS = 2
"""Channels that say where a cell of the map of features lies in the whole one: row, column."""
_SEEN = 0.5 / 255
"""Of an image's first channel: the number of the object is 0 where nothing was seen."""


def first_cells(images: torch.Tensor, window: int, stride: int) -> torch.Tensor:
    """Where windows begin that hold all that was seen: row and column, ``[N, 2]``.

    What was seen is in the middle, and the windows begin at multiples of ``stride``.

    Args:
        images: ``[N, 3, H, W]`` as `GridEncoder` takes them; in each something is seen, in at
            most ``window - stride + 1`` rows and columns.
    """
    seen = images[:, 0] > _SEEN  # [N, H, W]
    first = []
    for across in (2, 1):
        there = seen.any(dim=across).int()
        size = there.shape[1]
        lowest = there.argmax(dim=1)
        highest = size - 1 - there.flip(1).argmax(dim=1)
        middle = lowest + highest + 1 - window  # twice where the window would begin
        begins = torch.div(middle + stride, 2 * stride, rounding_mode="floor") * stride
        first.append(begins.clamp(0, size - window))
    return torch.stack(first, dim=1)


def crop(maps: torch.Tensor, first: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Parts ``[N, C, height, width]`` of maps ``[N, C, H, W]``, beginning at ``first`` [N, 2]."""
    rows = first[:, :1] + torch.arange(height, device=maps.device)  # [N, height]
    columns = first[:, 1:] + torch.arange(width, device=maps.device)
    each = torch.arange(len(maps), device=maps.device)[:, None, None]
    return maps[each, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def marks(first: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Row and column in the whole map of each cell of parts of it, ``[N, 2, height, width]``."""
    rows = first[:, 0, None, None] + torch.arange(height, device=first.device)[:, None]
    columns = first[:, 1, None, None] + torch.arange(width, device=first.device)
    return torch.stack([rows.expand(-1, -1, width), columns.expand(-1, height, -1)], dim=1)


def numbers_of(marks: torch.Tensor, width: int) -> torch.Tensor:
    """Marks ``[N, 2, h, w]`` to numbers of cells in a whole map of that width, ``[N, h * w]``."""
    rows, columns = marks.round().long().flatten(2).unbind(1)
    return rows * width + columns


def around(features: torch.Tensor, place: torch.Tensor, reach: int) -> torch.Tensor:
    """The cells around ``place`` [N, 2], ``[N, C, 2 * reach + 1, 2 * reach + 1]``; beyond: zeros.

    Args:
        features: ``[N, C, h, w]``.
    """
    side = 2 * reach + 1
    return crop(F.pad(features, (reach,) * 4), place, side, side)


def put_back(values: torch.Tensor, numbers: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """Values ``[N, P, ...]`` of some cells in whole maps ``[N, Q, ...]`` that are else blank.

    Args:
        numbers: ``[N, P]`` which cells.
        blank: ``[Q, ...]``.
    """
    whole = blank.to(values.dtype).expand(len(values), *blank.shape)
    index = numbers.view(*numbers.shape, *(1,) * (values.ndim - 2)).expand_as(values)
    return whole.scatter(1, index, values)
