# SPDX-License-Identifier: Apache-2.0
"""Says a goal in words, drawn from one side of the split or from a user's own sentences."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from vla_sim.goal import Follow, Reach, Stop
from vla_sim.relation import Reference
from vla_sim.room import Solid
from vla_sim.splits import Amounts, Side, Wordings
from vla_sim.task import SEQUENCE_KINDS, Task, amount_of

AMOUNT = "{amount}"
DEFAULT_AMOUNT_CHANCE = 0.3
_IMPERATIVE_ONLY = (
    "please ",
    "can you",
    "could you",
    "would you",
    "now ",
    "robot,",
    "your ",
    "i ",
    "it is ",
    "let us",
    "how about",
    "you should",
    "the ",
)
"""Beginnings of sentences that cannot be put into a longer one."""


@dataclass(frozen=True)
class Phrasebook:
    """Sentences by kind, and words for amounts of a turn [degrees] and a drive [m]."""

    wordings: Wordings
    turns: Amounts
    drives: Amounts

    @classmethod
    def of(cls, side: Side) -> Phrasebook:
        """The sentences of one side of the split."""
        return cls(side.wordings, side.turns, side.drives)

    def with_wordings(self, own: Wordings) -> Phrasebook:
        """The same with other sentences for the kinds that `own` has."""
        return dataclasses.replace(self, wordings={**self.wordings, **own})

    def go_to(self, rng: np.random.Generator, thing: Solid, clause: bool = False) -> Task:
        """Go to a thing; `clause`: in words that can be part of a longer sentence."""
        sentence = self._draw(rng, "go_to", clause)
        return Task("go_to", (Reach.thing(thing),), sentence.format(thing=thing.name))

    def refer(self, rng: np.random.Generator, reference: Reference, goal: Reach) -> Task:
        """Go where a relation says, which is that goal."""
        sentence = self._draw(rng, reference.kind).format(**reference.slots)
        return Task(reference.kind, (goal,), sentence, reference)

    def move(self, rng: np.random.Generator, kind: str, clause: bool = False) -> Task:
        """A turn or a drive by an amount drawn from those that there are words for."""
        amounts = self.turns if kind.startswith("turn") else self.drives
        if kind == "turn_around" or rng.random() < DEFAULT_AMOUNT_CHANCE:
            return self.move_by(rng, kind, None, clause)
        return self.move_by(rng, kind, list(amounts)[int(rng.integers(len(amounts)))], clause)

    def move_by(
        self, rng: np.random.Generator, kind: str, amount: float | None, clause: bool = False
    ) -> Task:
        """A turn or a drive by an amount; None: without one, that is by the default."""
        sentence = self._draw(rng, kind, clause, with_amount=amount is not None)
        if amount is not None:
            words = (self.turns if kind.startswith("turn") else self.drives)[amount]
            sentence = sentence.format(amount=_pick(rng, words))
        return Task(kind, (amount_of(kind, amount),), sentence)

    def follow(self, rng: np.random.Generator, thing: Solid) -> Task:
        """Follow a thing that moves."""
        sentence = self._draw(rng, "follow").format(thing=thing.name)
        return Task("follow", (Follow(thing),), sentence)

    def stop(self, rng: np.random.Generator) -> Task:
        """Stand still."""
        return Task("stop", (Stop(),), self._draw(rng, "stop"))

    def sequence(self, rng: np.random.Generator, first: Task, second: Task) -> Task:
        """One after the other; both must have been drawn as clauses."""
        assert first.kind in SEQUENCE_KINDS and second.kind in SEQUENCE_KINDS
        sentence = self._draw(rng, "sequence")
        return Task(
            "sequence",
            first.goals + second.goals,
            sentence.format(first=first.instruction, second=second.instruction),
        )

    def _draw(
        self, rng: np.random.Generator, kind: str, clause: bool = False, with_amount: bool = False
    ) -> str:
        fitting = tuple(
            sentence
            for sentence in self.wordings[kind]
            if (AMOUNT in sentence) == with_amount
            and not (clause and sentence.lower().startswith(_IMPERATIVE_ONLY))
        )
        return _pick(rng, fitting or self.wordings[kind])


def _pick(rng: np.random.Generator, texts: tuple[str, ...]) -> str:
    return texts[int(rng.integers(len(texts)))]
