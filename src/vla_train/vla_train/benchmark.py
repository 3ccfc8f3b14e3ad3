# SPDX-License-Identifier: Apache-2.0
"""The splits of the benchmark, which mirror those of RT-1 (arXiv 2212.06817, section 6.2)."""

from __future__ import annotations

from dataclasses import dataclass

from vla_sim.phrasebook import Phrasebook
from vla_sim.splits import Side, Wordings, held_out_side, train_side
from vla_train.errors import TrainError


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
        rooms: family of rooms, see `vla_sim.room.SCENERIES`.
        side: whose sentences are said.
        preferred: pairs (colour, shape) that are named half of the time.
        added_latency_s: how much later actions are driven.
        what: the split in words.
    """

    rooms: str
    side: Side
    what: str
    preferred: tuple[tuple[str, str], ...] = ()
    added_latency_s: float = 0.0

    def phrasebook(self, wordings: Wordings | None = None) -> Phrasebook:
        """Its sentences; `wordings` take the place of those of their kinds."""
        book = Phrasebook.of(self.side)
        return book if wordings is None else book.with_wordings(wordings)


SPLITS: dict[str, Split] = {
    "validation": Split("validation", train_side(), "rooms for choices made in training"),
    "seen": Split("seen", train_side(), "new rooms; sentences, things and looks as in training"),
    "unseen": Split(
        "unseen",
        held_out_side(),
        "wordings, and pairs of colour and shape, never trained on",
        preferred=held_out_side().pairs,
    ),
    "distractors": Split(
        "distractors", train_side(), "8 to 12 solids, among them shapes never trained on"
    ),
    "backgrounds": Split(
        "backgrounds", train_side(), "floors, walls, pictures and lights never trained on"
    ),
    "latency": Split("seen", train_side(), "seen, with 300 ms added", added_latency_s=0.3),
}


def find_split(name: str) -> Split:
    """The split of that name.

    Raises:
        TrainError: there is none.
    """
    if name not in SPLITS:
        raise TrainError(f"unknown split {name!r}: expected one of {', '.join(SPLITS)}")
    return SPLITS[name]
