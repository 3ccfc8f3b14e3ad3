# SPDX-License-Identifier: Apache-2.0
"""Where the cells around a robot lie in the world. Headings: 0 +x, 1 +y, 2 -x, 3 -y."""

from __future__ import annotations

import functools

import torch

VIEW = 7
"""Cells that the robot sees in each direction: three to each side, six ahead and its own."""
_AHEAD = ((1, 0), (0, 1), (-1, 0), (0, -1))


def directions(heading: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Steps ahead and to the right, ``[N, 2]`` each, of headings ``[N]``."""
    ahead = _ahead(heading.device)[heading.long()]
    return ahead, torch.stack([-ahead[:, 1], ahead[:, 0]], dim=1)


@functools.cache
def _ahead(device: torch.device) -> torch.Tensor:
    """Copied to the device but once: a copy in every step would wait for it every time."""
    return torch.tensor(_AHEAD, device=device)


def in_front(place: torch.Tensor, heading: torch.Tensor) -> torch.Tensor:
    """The cell ahead, ``[N, 2]``, of robots at ``place`` [N, 2]."""
    return place + directions(heading)[0]


def view_cells(place: torch.Tensor, heading: torch.Tensor) -> torch.Tensor:
    """World places ``[N, 7, 7, 2]`` of what is in view, column first, as in minigrid's images."""
    columns = torch.arange(VIEW, device=place.device) - VIEW // 2
    rows = VIEW - 1 - torch.arange(VIEW, device=place.device)
    return _cells(place, heading, columns[:, None], rows[None])


def map_cells(place: torch.Tensor, heading: torch.Tensor, reach: int) -> torch.Tensor:
    """World places ``[N, 2 * reach, 2 * reach, 2]`` around robots, row first.

    The robot is at row and column ``reach`` and looks up: to rows with smaller numbers.
    """
    along = torch.arange(2 * reach, device=place.device) - reach
    return _cells(place, heading, along[None], -along[:, None])


def index_of(places: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers ``[...]`` of world places ``[..., 2]`` in a flat grid, and which are inside it."""
    inside = ((places >= 0) & (places < side)).all(dim=-1)
    places = places.clamp(0, side - 1)
    return places[..., 0] * side + places[..., 1], inside


def _cells(
    place: torch.Tensor, heading: torch.Tensor, rightward: torch.Tensor, forward: torch.Tensor
) -> torch.Tensor:
    ahead, right = (d[:, None, None] for d in directions(heading))
    return place[:, None, None] + forward[..., None] * ahead + rightward[..., None] * right
