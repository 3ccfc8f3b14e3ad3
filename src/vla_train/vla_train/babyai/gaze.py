# SPDX-License-Identifier: Apache-2.0
"""Asks a network step after step, for many robots, and computes nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from vla_policy.models.rt1 import RT1
from vla_train.babyai.networks import ask, decide, encode_maps


class Gaze:
    """What a network looks at from step to step.

    Of the maps before the newest one an RT1 needs their tokens alone, another network the maps
    themselves; at an episode's start the first one repeats.
    """

    def __init__(self, network: nn.Module, history: int, count: int) -> None:
        self.network, self.history = network, history
        self._past: list[list[torch.Tensor]] = [[] for _ in range(count)]

    def restart(self, robot: int) -> None:
        """Forget: an episode of this robot begins."""
        self._past[robot].clear()

    def look(
        self,
        robots: Sequence[int],
        images: torch.Tensor,
        words: torch.Tensor,
        states: torch.Tensor,
    ) -> torch.Tensor:
        """Logits of the choices ``[n, choices]`` of these n robots.

        Args:
            images: ``[n, 3, H, W]`` their newest maps.
            words: ``[n, N]`` their missions.
            states: ``[n, 3]``.
        """
        if isinstance(self.network, RT1):
            tokens, cells = encode_maps(self.network, images[:, None], words)
            windows = self._window(robots, tokens[:, 0])[:, None]
            return decide(self.network, windows, cells, words, states[:, None]).actions[:, -1]
        windows = self._window(robots, images)
        return ask(self.network, windows, words, states[:, None]).actions[:, -1]

    def _window(self, robots: Sequence[int], newest: torch.Tensor) -> torch.Tensor:
        """The last ones of each robot, the newest of them new: ``[n, history, ...]``."""
        for robot, new in zip(robots, newest, strict=True):
            past = self._past[robot]
            past.append(new)
            del past[: -self.history]
        kept = (self._past[robot] for robot in robots)
        return torch.stack(
            [torch.stack([past[0]] * (self.history - len(past)) + past) for past in kept]
        )
