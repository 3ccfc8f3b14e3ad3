# SPDX-License-Identifier: Apache-2.0
"""Who acts in many environments at once: a network, or minigrid's bot."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from vla_policy.words import MAX_WORDS, word_numbers
from vla_train.babyai.choices import BABYAI_ACTIONS
from vla_train.babyai.frames import symbols_of
from vla_train.babyai.levels import find_level
from vla_train.babyai.mind import Minds
from vla_train.babyai.networks import NetworkConfig, ask

Actions = npt.NDArray[np.int64]


class Player(Protocol):
    """Acts in `count` environments."""

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """The episode of this seed begins in the environment of this number."""
        ...

    def choose(self, observations: list[dict[str, Any]]) -> Actions:
        """An action for each environment; an ended one's does not count."""
        ...


class NetworkPlayer:
    """A network with what each robot remembers.

    It takes the likeliest action. Where a robot is in just the situation that it was in before
    in this episode, the likeliest action has led in a circle, and one is drawn as likely as the
    network holds it.

    Args:
        seed: of what is drawn.
    """

    def __init__(
        self, network: nn.Module, config: NetworkConfig, count: int, seed: int = 0
    ) -> None:
        self.network, self.config = network.eval(), config
        self.minds = Minds(count, find_level(config.level).reach)
        self._words = torch.zeros(count, MAX_WORDS, dtype=torch.long)
        self._history: list[list[torch.Tensor]] = [[] for _ in range(count)]
        self._states: list[list[torch.Tensor]] = [[] for _ in range(count)]
        self._known: list[set[int]] = [set() for _ in range(count)]
        self._rng = [np.random.default_rng(seed) for _ in range(count)]
        self._seed = seed

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """See `Player`."""
        self.minds.restart(place)
        self._words[place] = 0
        numbers = torch.from_numpy(word_numbers([environment.mission])[0])
        self._words[place, : len(numbers)] = numbers
        self._history[place].clear()
        self._states[place].clear()
        self._known[place] = set()
        self._rng[place] = np.random.default_rng([self._seed, seed])

    @torch.no_grad()
    def choose(self, observations: list[dict[str, Any]]) -> Actions:
        """See `Player`."""
        images = np.stack([observation["image"] for observation in observations])
        headings = np.array([int(observation["direction"]) for observation in observations])
        self.minds.look(images, headings)
        maps, states = self._windows(self.minds.maps(), self.minds.states())
        logits = ask(self.network, symbols_of(maps), self._words, states).actions[:, -1]
        chances = logits.float().softmax(dim=-1).numpy()
        actions = chances.argmax(axis=1).astype(np.int64)
        for robot, known in enumerate(self._known):
            situation = self.minds.situation(robot)
            if situation in known:
                share = chances[robot].astype(np.float64)
                actions[robot] = self._rng[robot].choice(len(share), p=share / share.sum())
            known.add(situation)
        self.minds.act(actions)
        return actions

    def _windows(
        self, maps: torch.Tensor, states: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The last maps and states of each robot; at an episode's start the first one repeats."""
        steps = self.config.history
        for kept, new in ((self._history, maps), (self._states, states)):
            for robot, past in enumerate(kept):
                past.append(new[robot])
                del past[:-steps]
        return _stack(self._history, steps), _stack(self._states, steps)


class BotPlayer:
    """minigrid's bot, which sees more than a network: it judges the judging."""

    def __init__(self, count: int) -> None:
        self._bots: list[Any] = [None] * count
        self._last: list[Any] = [None] * count

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """See `Player`."""
        from vla_train.babyai.bot import QuickBot

        self._bots[place], self._last[place] = QuickBot(environment), None

    def choose(self, observations: list[dict[str, Any]]) -> Actions:
        """See `Player`."""
        done = BABYAI_ACTIONS.names.index("done")
        for place, bot in enumerate(self._bots):
            try:
                self._last[place] = bot.replan(self._last[place])
            except Exception:
                # It gives up on rare rooms by failed assertions of its own.
                self._last[place] = done
        return np.array([int(action) for action in self._last])


class RandomPlayer:
    """Any action at any time: what success means without skill."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self._seed = seed
        self._rng = [np.random.default_rng(seed) for _ in range(count)]

    def begin(self, place: int, environment: Any, seed: int) -> None:
        """See `Player`."""
        self._rng[place] = np.random.default_rng([self._seed, seed])

    def choose(self, observations: list[dict[str, Any]]) -> Actions:
        """See `Player`."""
        return np.array([rng.integers(len(BABYAI_ACTIONS)) for rng in self._rng])


def _stack(kept: list[list[torch.Tensor]], steps: int) -> torch.Tensor:
    return torch.stack([torch.stack([past[0]] * (steps - len(past)) + past) for past in kept])
