# SPDX-License-Identifier: Apache-2.0
"""Who acts in many environments at once: a network, or minigrid's bot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vla_policy.words import MAX_WORDS, word_numbers
from vla_train.babyai.choices import BABYAI_ACTIONS, DONE
from vla_train.babyai.frames import symbols_of
from vla_train.babyai.gaze import Gaze
from vla_train.babyai.levels import find_level
from vla_train.babyai.mind import Minds
from vla_train.babyai.networks import NetworkConfig

Actions = npt.NDArray[np.int64]


class Player(Protocol):
    """Acts in `count` environments."""

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """The episode of this seed begins in the environment of this number."""
        ...

    def choose(self, places: Sequence[int], observations: list[dict[str, Any]]) -> Actions:
        """An action for each of the environments ``places``, in which this is seen now."""
        ...


class NetworkPlayer:
    """A network with what each robot remembers.

    It takes the likeliest action. Where a robot is in just the situation that it was in before
    in this episode, the likeliest action has led in a circle, and one is drawn: the second time
    as likely as the network holds it, and the more evenly the more often it comes back, the
    logits divided by how often it was there.

    Args:
        seed: of what is drawn.
    """

    def __init__(
        self, network: nn.Module, config: NetworkConfig, count: int, seed: int = 0
    ) -> None:
        self.minds = Minds(count, find_level(config.level).reach)
        self.gaze = Gaze(network.eval(), config.history, count)
        self._words = torch.zeros(count, MAX_WORDS, dtype=torch.long)
        self._visits: list[Counter[int]] = [Counter() for _ in range(count)]
        self._rng = [np.random.default_rng(seed) for _ in range(count)]
        self._seed = seed

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """See `Player`."""
        self.minds.restart(place)
        self.gaze.restart(place)
        self._words[place] = 0
        numbers = torch.from_numpy(word_numbers([environment.mission])[0])
        self._words[place, : len(numbers)] = numbers
        self._visits[place].clear()
        self._rng[place] = np.random.default_rng([self._seed, seed])

    @torch.no_grad()
    def choose(self, places: Sequence[int], observations: list[dict[str, Any]]) -> Actions:
        """See `Player`."""
        who = torch.tensor(places)
        images = np.stack([observation["image"] for observation in observations])
        headings = np.array([int(observation["direction"]) for observation in observations])
        self.minds.look(who, images, headings)
        logits = self.gaze.look(
            places,
            symbols_of(self.minds.maps(who)),
            self._words[who],
            self.minds.states(who),
        )
        actions = logits.argmax(dim=1).numpy().astype(np.int64)
        for row, place in enumerate(places):
            visits, situation = self._visits[place], self.minds.situation(place)
            if visits[situation]:
                chances = (logits[row].double() / visits[situation]).softmax(dim=0).numpy()
                actions[row] = self._rng[place].choice(len(chances), p=chances)
            visits[situation] += 1
        self.minds.act(who, actions)
        return actions


class BotPlayer:
    """minigrid's bot, which sees more than a network: it judges the judging."""

    def __init__(self, count: int) -> None:
        self._bots: list[Any] = [None] * count
        self._last: list[Any] = [None] * count

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """See `Player`."""
        from vla_train.babyai.bot import QuickBot

        self._bots[place], self._last[place] = QuickBot(environment), None

    def choose(self, places: Sequence[int], observations: list[dict[str, Any]]) -> Actions:
        """See `Player`."""
        for place in places:
            try:
                self._last[place] = self._bots[place].replan(self._last[place])
            except Exception:
                # It gives up on rare rooms by failed assertions of its own.
                self._last[place] = DONE
        return np.array([int(self._last[place]) for place in places])


class RandomPlayer:
    """Any action at any time: what success means without skill."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self._seed = seed
        self._rng = [np.random.default_rng(seed) for _ in range(count)]

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """See `Player`."""
        self._rng[place] = np.random.default_rng([self._seed, seed])

    def choose(self, places: Sequence[int], observations: list[dict[str, Any]]) -> Actions:
        """See `Player`."""
        return np.array([self._rng[place].integers(len(BABYAI_ACTIONS)) for place in places])
