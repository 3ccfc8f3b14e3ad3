# SPDX-License-Identifier: Apache-2.0
"""Plays many demonstrations again at once: what was seen follows from how each began.

A few lines of minigrid's rules on tensors. The tests hold every view to minigrid's own.
"""

from __future__ import annotations

import torch

from vla_train.babyai.cells import (
    CODES,
    EMPTY,
    FIRST_DOOR,
    FIRST_THING,
    OPEN,
    STATES,
    UNSEEN,
)
from vla_train.babyai.choices import DROP, FORWARD, LEFT, PICKUP, RIGHT, TOGGLE
from vla_train.babyai.places import VIEW, in_front, index_of, view_cells

NOTHING = UNSEEN
"""What a robot carries that carries nothing."""


def _is_open_door() -> torch.Tensor:
    codes = torch.arange(CODES)
    doors = (codes >= FIRST_DOOR) & (codes < FIRST_THING)
    return doors & ((codes - FIRST_DOOR) % STATES == OPEN)


OPEN_DOOR = _is_open_door()
CLEAR = (torch.arange(CODES) == EMPTY) | OPEN_DOOR | (torch.arange(CODES) >= FIRST_THING)
"""Which codes one sees through."""


class Worlds:
    """Some worlds, each with a robot in it.

    Args:
        grids: ``[N, side, side]`` codes, column first.
        starts: ``[N, 3]`` column, row, heading.
    """

    def __init__(self, grids: torch.Tensor, starts: torch.Tensor) -> None:
        self.side = grids.shape[1]
        self.cells = grids.flatten(1).clone()  # [N, side * side]
        self.place = starts[:, :2].long()
        self.heading = starts[:, 2].long()
        self.carried = torch.full_like(self.heading, NOTHING, dtype=torch.uint8)

    def first(self, count: int) -> None:
        """Forget all worlds but the first."""
        self.cells, self.place = self.cells[:count], self.place[:count]
        self.heading, self.carried = self.heading[:count], self.carried[:count]

    def look(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What is in view: numbers of the cells ``[N, 7, 7]``, and which of them are seen."""
        numbers, inside = index_of(view_cells(self.place, self.heading), self.side)
        codes = self.cells.gather(1, numbers.flatten(1)).view(numbers.shape)
        clear = CLEAR.to(codes.device)[codes.long()] & inside
        return numbers, visible(clear) & inside

    def step(self, actions: torch.Tensor) -> None:
        """Do one action ``[N]`` in each."""
        number, _ = index_of(in_front(self.place, self.heading), self.side)
        ahead = self.cells.gather(1, number[:, None]).squeeze(1)  # [N]
        code = ahead.long()
        opened = OPEN_DOOR.to(code.device)[code]
        free = code == EMPTY
        movable = code >= FIRST_THING
        is_door = (code >= FIRST_DOOR) & ~movable

        moves = (actions == FORWARD) & (free | opened)
        takes = (actions == PICKUP) & movable & (self.carried == NOTHING)
        drops = (actions == DROP) & free & (self.carried != NOTHING)
        toggles = (actions == TOGGLE) & is_door
        unpacks = (actions == TOGGLE) & (code >= FIRST_THING + 2 * 6)

        after = torch.where(drops, self.carried, ahead)
        after = torch.where(takes | unpacks, torch.full_like(after, EMPTY), after)
        swung = torch.where(opened, ahead + 1, ahead - 1)
        after = torch.where(toggles, swung, after)
        self.cells = self.cells.scatter(1, number[:, None], after[:, None])
        self.carried = torch.where(takes, ahead, self.carried)
        self.carried = torch.where(drops, torch.full_like(ahead, NOTHING), self.carried)
        self.place = torch.where(moves[:, None], in_front(self.place, self.heading), self.place)
        turn = (actions == RIGHT).long() - (actions == LEFT).long()
        self.heading = (self.heading + turn) % 4


def visible(clear: torch.Tensor) -> torch.Tensor:
    """Which cells of views are seen, from which one sees through: ``[N, 7, 7]``, column first.

    Light goes from the robot outward, sideways and away from it, row by row.
    """
    seen = torch.zeros_like(clear)
    seen[:, VIEW // 2, VIEW - 1] = True
    for row in range(VIEW - 1, -1, -1):
        now = seen[:, :, row]
        beyond = seen[:, :, row - 1] if row else None
        for order, step in ((range(VIEW - 1), 1), (range(VIEW - 1, 0, -1), -1)):
            for column in order:
                lit = now[:, column] & clear[:, column, row]
                now[:, column + step] |= lit
                if beyond is not None:
                    beyond[:, column + step] |= lit
                    beyond[:, column] |= lit
    return seen


def shown(carried: torch.Tensor) -> torch.Tensor:
    """What is seen in the robots' own cells: what they carry, or nothing."""
    return torch.where(carried == NOTHING, torch.full_like(carried, EMPTY), carried)


def view_codes(worlds: Worlds) -> torch.Tensor:
    """What the robots see: codes ``[N, 7, 7]``, as minigrid's images have them."""
    numbers, seen = worlds.look()
    codes = worlds.cells.gather(1, numbers.flatten(1)).view(numbers.shape)
    codes = torch.where(seen, codes, torch.full_like(codes, UNSEEN))
    codes[:, VIEW // 2, VIEW - 1] = shown(worlds.carried)
    return codes
