# SPDX-License-Identifier: Apache-2.0
"""Policies that must fail: what they reach, the benchmark gives away."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_policy.action import ActionChunk, ActionSpec, Array
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.wrappers.wrapper import PolicyWrapper
from vla_sim.phrasebook import Phrasebook
from vla_sim.room import Room
from vla_sim.splits import train_side

KEPT_STEPS = 10
"""How many looks a random action is kept for."""


class RandomPolicy:
    """Drives at random speeds, each for a second."""

    name = "random"
    history = 1

    def __init__(self, spec: ActionSpec, rng: np.random.Generator) -> None:
        self.spec = spec
        self._rng = rng
        self._looks = 0
        self._action: Array = np.zeros(spec.action_dim, dtype=np.float32)

    def prepare(self, instruction: str) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation) -> ActionChunk:
        """The random speeds of this second."""
        if self._looks % KEPT_STEPS == 0:
            unit = self._rng.uniform(-1, 1, self.spec.action_dim)
            self._action = self.spec.unnormalise(unit)
        self._looks += 1
        actions = np.tile(self._action, (self.spec.horizon, 1))
        return ActionChunk(actions, observation.stamp, self.spec)


class BlindPolicy(PolicyWrapper):
    """Another policy that sees nothing but grey."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.name = f"blind {policy.name}"

    def act(self, observation: Observation) -> ActionChunk:
        """What the other does then."""
        grey = np.full_like(observation.images, 128)
        return self._policy.act(dataclasses.replace(observation, images=grey))


class DeafPolicy(PolicyWrapper):
    """Another policy that hears, whatever is said, to go to a random thing of the room."""

    def __init__(self, policy: Policy, room: Room, rng: np.random.Generator) -> None:
        super().__init__(policy)
        self.name = f"deaf {policy.name}"
        self._room = room
        self._rng = rng
        self._heard = ""

    def prepare(self, instruction: str) -> None:
        """Mishear it."""
        thing = self._room.things[int(self._rng.integers(len(self._room.things)))]
        self._heard = Phrasebook.of(train_side()).go_to(self._rng, thing).instruction
        self._policy.prepare(self._heard)

    def act(self, observation: Observation) -> ActionChunk:
        """What the other does for the sentence that it heard."""
        return self._policy.act(dataclasses.replace(observation, instruction=self._heard))
