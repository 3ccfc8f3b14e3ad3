# SPDX-License-Identifier: Apache-2.0
"""What the language model is told of the robot, and what it is to say, as tokens."""

from __future__ import annotations

import torch

from vla_policy.memory import LOST, MEMORY_DIM, MODES, SEEN
from vla_policy.models.rt2.bins import SCALES, cartesian, polar
from vla_policy.models.rt2.numbers import BINS
from vla_policy.models.rt2.vocabulary import (
    NOTHING,
    NOWHERE,
    REST,
    SIGHTS,
    STAGE_WORDS,
    Vocabulary,
)
from vla_policy.surroundings import REACH_M, SECTORS

BODY_WORDS = 6
"""Tokens for stage, pose (ahead, left, turned) and memory (bearing, distance)."""
AROUND = 8
"""Further ones, where it is told what stands about: how far off the nearest is in each part of the
full circle."""
PLAN_WORDS = 4
"""Tokens of a plan: `SIGHTS`, bearing, distance, `REST`."""
PLACE = ("bearing", "distance")
SURE = 20.0
"""Logit of what was said; that of all else is so far below."""


class BodyWords:
    """Numbers about the robot to tokens; what it needs lies on the device that it is used on."""

    def __init__(self, vocabulary: Vocabulary, device: torch.device) -> None:
        self._base = {name: vocabulary.base(name) for name in SCALES}
        self._stages = torch.tensor(vocabulary.choose(STAGE_WORDS), device=device)
        self._sights = torch.tensor(vocabulary.choose(SIGHTS), device=device)
        self._rest = torch.tensor(vocabulary.choose(REST), device=device)
        self._nowhere = vocabulary.words[NOWHERE]

    def prompt(
        self, states: torch.Tensor, memories: torch.Tensor, stages: torch.Tensor
    ) -> torch.Tensor:
        """``[N, 3]``, ``[N, 3]`` and ``[N]`` to tokens ``[N, BODY_WORDS]``.

        With what stands about behind each memory ``[N, 3 + SECTORS]``, `AROUND` more.
        """
        pose = [
            self._number(name, states[:, place])
            for place, name in enumerate(("ahead", "left", "turned"))
        ]
        place = self._place(memories[:, 1:MEMORY_DIM], memories[:, 0] > 0.5)
        stage = self._stages[stages.clamp(0, len(self._stages) - 1)]
        around = self._around(memories[:, MEMORY_DIM:])
        return torch.cat([torch.stack([stage, *pose], dim=1), place, around], dim=1)

    def plan(self, modes: torch.Tensor, spots: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        """What is to be said ``[N, PLAN_WORDS]``.

        Args:
            modes: ``[N]`` of `vla_policy.memory.MODES`; another number: no thing is named.
            spots: ``[N, 2]`` m ahead and to the left; only where seen.
            more: ``[N]`` 1 where another part of the sentence follows.
        """
        named = (modes >= 0) & (modes < len(MODES))
        sight = torch.where(named, modes, SIGHTS.index(NOTHING))
        place = self._place(spots, (modes == SEEN) & ~spots.isnan().any(dim=1))
        rest = self._rest[(more > 0.5).long()]
        return torch.cat([self._sights[sight][:, None], place, rest[:, None]], dim=1)

    def heard(self, plan: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What a plan ``[N, PLAN_WORDS]`` says, as `vla_policy.models.network.Look` has it.

        A sentence that names no thing leaves none to be remembered, as if it were lost.
        """
        sight = (plan[:, :1] == self._sights).int().argmax(dim=1)
        modes = torch.where(sight < len(MODES), sight, LOST)
        places = [plan[:, 1 + at] - self._base[name] for at, name in enumerate(PLACE)]
        bearing, distance = (
            SCALES[name].values(place.clamp(0, BINS - 1))
            for name, place in zip(PLACE, places, strict=True)
        )
        spots = cartesian(bearing, distance) * (modes == SEEN)[:, None]
        more = (plan[:, 3] == self._rest[1]).float()
        return self._as_logits(modes), spots, SURE * (2 * more - 1)

    def unheard(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What a policy says that speaks of no plan: nothing is seen, and nothing follows."""
        modes = torch.full((count,), LOST, device=self._sights.device)
        unsure = torch.full((count,), -SURE, device=self._sights.device)
        return self._as_logits(modes), unsure.new_zeros(count, 2), unsure

    def _as_logits(self, modes: torch.Tensor) -> torch.Tensor:
        return SURE * (torch.nn.functional.one_hot(modes, len(MODES)).float() - 1)

    def _place(self, places: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Bearing and distance ``[N, 2]`` of places ``[N, 2]``, or that they are not known."""
        values = polar(torch.where(known[:, None], places, 1.0))
        tokens = [self._number(n, v) for n, v in zip(PLACE, values, strict=True)]
        return torch.where(known[:, None], torch.stack(tokens, dim=1), self._nowhere)

    def _around(self, nearness: torch.Tensor) -> torch.Tensor:
        """What is near ``[N, SECTORS]`` to distances ``[N, AROUND]``; ``[N, 0]`` to none."""
        if nearness.shape[1] == 0:
            return torch.zeros_like(nearness, dtype=torch.long)
        nearest = nearness.unflatten(1, (AROUND, SECTORS // AROUND)).amax(dim=2)
        tokens = self._number("distance", REACH_M * (1.0 - nearest))
        return torch.where(nearest > 0.0, tokens, self._nowhere)

    def _number(self, name: str, values: torch.Tensor) -> torch.Tensor:
        return self._base[name] + SCALES[name].places(values)
