# SPDX-License-Identifier: Apache-2.0
"""The levels that are judged, and which seeds are for what."""

from __future__ import annotations

from dataclasses import dataclass

from vla_train.errors import TrainError

EVALUATION_SEEDS = range(1_000)
"""Of the judged episodes. No demonstration is ever made of these."""
VALIDATION_SEEDS = range(10_000, 10_512)
"""Of the episodes that a training run is watched on."""
FIRST_TRAINING_SEED = 1_000_000
"""Demonstrations are made of this seed and the following ones."""


@dataclass(frozen=True)
class Level:
    """One level of BabyAI.

    Attributes:
        name: as the paper calls it.
        side: cells of the grid in each direction, its outer walls with them.
        reach: cells that the robot remembers around itself, `2 * reach` in each direction: at
            least as far as from any cell inside the walls to any other.
        paper_success: success of the paper's imitation learning with a million demonstrations
            [%] (table 2).
        paper_demonstrations: how many demonstrations of the bot it took to reach 99 % there
            [thousands], the ends of the 99 % credible interval (table 3).
    """

    name: str
    side: int
    reach: int
    paper_success: float
    paper_demonstrations: tuple[float, float]

    @property
    def environment(self) -> str:
        """The name that gymnasium knows it by."""
        return f"BabyAI-{self.name}-v0"


LEVELS = {
    level.name: level
    for level in (
        Level("GoToLocal", 8, 8, 99.8, (148.5, 193.2)),
        Level("PutNextLocal", 8, 8, 99.2, (244.6, 322.7)),
        Level("GoTo", 22, 20, 99.4, (341.1, 408.5)),
    )
}


def find_level(name: str) -> Level:
    """The level of that name.

    Raises:
        TrainError: there is none.
    """
    if name not in LEVELS:
        raise TrainError(f"level must be one of {', '.join(LEVELS)} (got {name!r})")
    return LEVELS[name]
