# SPDX-License-Identifier: Apache-2.0
"""What robots remember of what they saw, from their own views and actions alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from vla_train.babyai.cells import EMPTY, UNSEEN, encode
from vla_train.babyai.choices import FORWARD
from vla_train.babyai.frames import around, see
from vla_train.babyai.places import VIEW, in_front, index_of, view_cells
from vla_train.babyai.replay import NOTHING, OPEN_DOOR


class Minds:
    """Maps of N robots, each around the place where its episode began.

    Where a robot is it counts from its own actions (a step ahead is one if the cell there was
    free), as wheels would; minigrid is never asked. The compass is part of its observations.

    Args:
        reach: cells that it may go from its start in each direction; that much around itself is
            shown by `maps`.
    """

    def __init__(self, count: int, reach: int) -> None:
        self.reach, self.side = reach, 2 * reach + 1
        self.memory = torch.full((count, self.side**2), UNSEEN, dtype=torch.uint8)
        self.place = torch.full((count, 2), reach)
        self.heading = torch.zeros(count, dtype=torch.long)
        self.carried = torch.full((count,), NOTHING, dtype=torch.uint8)
        self._ahead = torch.zeros(count, dtype=torch.long)

    def restart(self, robot: int) -> None:
        """Forget everything: an episode of this robot begins."""
        self.memory[robot] = UNSEEN
        self.place[robot] = self.reach
        self.carried[robot] = NOTHING

    def look(
        self,
        robots: torch.Tensor,
        images: npt.NDArray[np.uint8],
        headings: npt.NDArray[np.int64],
    ) -> None:
        """Take in what these robots ``[n]`` see: ``[n, 7, 7, 3]``, and their compasses ``[n]``."""
        codes = torch.from_numpy(encode(images))
        self.heading[robots] = torch.from_numpy(headings)
        own = codes[:, VIEW // 2, VIEW - 1]
        self.carried[robots] = torch.where(own == EMPTY, torch.full_like(own, NOTHING), own)
        cells = view_cells(self.place[robots], self.heading[robots])
        numbers, inside = index_of(cells, self.side)
        memory = self.memory[robots]
        see(memory, numbers, (codes != UNSEEN) & inside, codes)
        self.memory[robots] = memory
        self._ahead[robots] = codes[:, VIEW // 2, VIEW - 2].long()

    def act(self, robots: torch.Tensor, actions: npt.NDArray[np.int64]) -> None:
        """Count what these actions ``[n]`` do to the robots' own places."""
        ahead = self._ahead[robots]
        free = (ahead == EMPTY) | OPEN_DOOR[ahead]
        steps = (torch.from_numpy(actions) == FORWARD) & free
        place = self.place[robots]
        there = in_front(place, self.heading[robots])
        self.place[robots] = torch.where(steps[:, None], there, place)

    def maps(self, robots: torch.Tensor) -> torch.Tensor:
        """What each has in mind ``[n, 2 * reach, 2 * reach]`` codes, looking up."""
        return around(
            self.memory[robots],
            self.place[robots],
            self.heading[robots],
            self.carried[robots],
            self.side,
            self.reach,
        )

    def states(self, robots: torch.Tensor) -> torch.Tensor:
        """``[n, 3]`` as in `vla_train.babyai.frames.Batch`."""
        states = torch.zeros(len(robots), 3)
        states[:, 2] = (self.heading[robots] % 2) * torch.pi
        return states

    def situation(self, robot: int) -> int:
        """A number that is the same where the robot knows, holds and faces the same again."""
        parts = (self.memory[robot], self.place[robot], self.heading[robot], self.carried[robot])
        return hash(b"".join(part.numpy().tobytes() for part in parts))
