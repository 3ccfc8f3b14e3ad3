# SPDX-License-Identifier: Apache-2.0
"""Who drives while data is collected or a policy is judged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_policy.observation import Observation
from vla_policy.policy import Policy

Label = npt.NDArray[np.float32]

PUSH_CHANCE = 0.06
PUSH_STEPS = (2, 8)
PUSH_LINEAR = 0.25
PUSH_ANGULAR = 1.0


class ExpertDriver:
    """Drives as the expert says."""

    def __call__(self, observation: Observation, label: Label) -> tuple[float, float]:
        """The expert's first action."""
        return float(label[0, 0]), float(label[0, 1])


class PolicyDriver:
    """Drives as a policy says, the first action of each chunk."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, observation: Observation, label: Label) -> tuple[float, float]:
        """The policy's first action."""
        action = self._policy.act(observation).actions[0]
        return float(action[0]), float(action[1])


class PushedDriver:
    """Another driver, pushed off course now and then for part of a second.

    What the expert does to come back is what a policy must see to recover from its own errors
    (noise injection: DART, arXiv 1703.09327).
    """

    def __init__(
        self, driver: ExpertDriver | PolicyDriver, rng: np.random.Generator, chance: float
    ) -> None:
        self._driver = driver
        self._rng = rng
        self._chance = chance
        self._steps_left = 0
        self._push = (0.0, 0.0)

    def __call__(self, observation: Observation, label: Label) -> tuple[float, float]:
        """The other driver's action and the push of this instant."""
        linear, angular = self._driver(observation, label)
        # An episode ends once the robot stands: who has arrived is left in peace.
        arrived = not label.any()
        if self._steps_left == 0 and not arrived and self._rng.random() < self._chance:
            self._steps_left = int(self._rng.integers(*PUSH_STEPS))
            self._push = (
                float(self._rng.uniform(-PUSH_LINEAR, PUSH_LINEAR)),
                float(self._rng.uniform(-PUSH_ANGULAR, PUSH_ANGULAR)),
            )
        if self._steps_left > 0:
            self._steps_left -= 1
            return linear + self._push[0], angular + self._push[1]
        return linear, angular
