# SPDX-License-Identifier: Apache-2.0
"""What the language model is told of the robot, and what it is to say, as tokens."""

from __future__ import annotations

import torch

from vla_policy.memory import LOST, MODES, SEEN
from vla_policy.models.rt2.bins import SCALES, cartesian, polar
from vla_policy.models.rt2.vocabulary import NOTHING, NOWHERE, REST, SIGHTS, STAGE_WORDS, Vocabulary

BODY_WORDS = 6
"""Tokens for stage, pose (ahead, left, turned) and memory (bearing, distance)."""
PLAN_WORDS = 4
"""Tokens of a plan: `SIGHTS`, bearing, distance, `REST`."""
PLACE = ("bearing", "distance")


class BodyWords:
    """Numbers about the robot to tokens; what it needs lies on the device that it is used on."""

    def __init__(self, vocabulary: Vocabulary, device: torch.device) -> None:
        self._base = {name: vocabulary.base(name) for name in SCALES}
        self._stages = vocabulary.choose(STAGE_WORDS).to(device)
        self._sights = vocabulary.choose(SIGHTS).to(device)
        self._rest = vocabulary.choose(REST).to(device)
        self._nowhere = vocabulary.words[NOWHERE]

    def prompt(
        self, states: torch.Tensor, memories: torch.Tensor, stages: torch.Tensor
    ) -> torch.Tensor:
        """``[N, 3]``, ``[N, 3]`` and ``[N]`` to tokens ``[N, BODY_WORDS]``."""
        pose = [
            self._number(name, states[:, place])
            for place, name in enumerate(("ahead", "left", "turned"))
        ]
        place = self._place(memories[:, 1:], memories[:, 0] > 0.5)
        stage = self._stages[stages.clamp(0, len(self._stages) - 1)]
        return torch.cat([torch.stack([stage, *pose], dim=1), place], dim=1)

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

    def heard(
        self, plan: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What a plan ``[N, PLAN_WORDS]`` says: modes ``[N]``, spots ``[N, 2]``, more ``[N]``.

        A sentence that names no thing leaves none to be remembered, as if it were lost.
        """
        sight = (plan[:, :1] == self._sights).int().argmax(dim=1)
        modes = torch.where(sight < len(MODES), sight, LOST)
        bearing, distance = (
            SCALES[name].values((plan[:, 1 + at] - self._base[name]).clamp(min=0))
            for at, name in enumerate(PLACE)
        )
        spots = torch.where((modes == SEEN)[:, None], cartesian(bearing, distance), 0.0)
        return modes, spots, plan[:, 3] == self._rest[1]

    def _place(self, places: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Bearing and distance ``[N, 2]`` of places ``[N, 2]``, or that they are not known."""
        values = polar(torch.where(known[:, None], places, 1.0))
        tokens = [self._number(n, v) for n, v in zip(PLACE, values, strict=True)]
        return torch.where(known[:, None], torch.stack(tokens, dim=1), self._nowhere)

    def _number(self, name: str, values: torch.Tensor) -> torch.Tensor:
        return self._base[name] + SCALES[name].places(values)
