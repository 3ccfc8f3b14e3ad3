# SPDX-License-Identifier: Apache-2.0
"""Which cells of a grid a mission speaks of, found before anything else is known of them."""

from __future__ import annotations

import torch
from torch import nn

from vla_train.babyai.vision import SYMBOLS

FILTERS = 8


class Match(nn.Module):
    """Filters that the mission writes: what of object, colour and state it asks for.

    A cell's answer is the sum of what is asked of its symbols, so that *red* and *ball* are learnt
    from the first examples on, each by itself; networks that mix symbols and words in many layers
    find out late, and all at once.
    """

    def __init__(self, condition_dim: int, channels: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.write = nn.Linear(condition_dim, FILTERS * SYMBOLS)
        self.spread = nn.Conv2d(FILTERS * parts, channels, 1)
        self.choose = nn.Linear(parts * SYMBOLS, FILTERS)
        nn.init.zeros_(self.choose.weight)
        nn.init.constant_(self.choose.bias, 1.0 / FILTERS)

    def forward(
        self, symbols: torch.Tensor, own: torch.Tensor, condition: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The answers as features ``[N, C, h, w]``, and as logits of the cells ``[N, h * w]``.

        Args:
            symbols: ``[N, parts * SYMBOLS, h, w]`` what is in each cell, of which one of the map
                of features has some.
            own: ``[N, parts * SYMBOLS]`` what is in the robot's own cell.
            condition: ``[N, D]`` the mission.
        """
        filters = self.write(condition).unflatten(1, (FILTERS, SYMBOLS))
        cells = symbols.unflatten(1, (self.parts, SYMBOLS))
        answers = torch.einsum("npshw,nfs->nfphw", cells, filters)
        # Which filter counts depends on what the robot carries: it is seen in its own cell.
        weights = self.choose(own)[:, :, None, None]  # [N, FILTERS, 1, 1]
        logits = (answers.amax(dim=2) * weights).sum(dim=1).flatten(1)
        return self.spread(answers.flatten(1, 2)), logits
