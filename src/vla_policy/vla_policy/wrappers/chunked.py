# SPDX-License-Identifier: Apache-2.0
"""Asks a policy less often than it is asked itself, and plays its chunks in between."""

from __future__ import annotations

import dataclasses

from vla_policy.action import ActionChunk
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.wrappers.wrapper import PolicyWrapper


class ChunkedPolicy(PolicyWrapper):
    """Another policy, asked anew only after `steps` of its actions.

    In between it gives what is left of the last chunk. Its own chunks are therefore shorter, by
    as many actions as may be used up: ``horizon - steps + 1``, so that none is made up. A new
    task, a step back in time or a chunk that is used up ask at once.

    Raises:
        ValueError: `steps` is not between 1 and the policy's horizon.
    """

    def __init__(self, policy: Policy, steps: int) -> None:
        if not 1 <= steps <= policy.spec.horizon:
            raise ValueError(
                f"steps must be from 1 to the policy's horizon {policy.spec.horizon} (got {steps})"
            )
        super().__init__(policy)
        self.spec = dataclasses.replace(policy.spec, horizon=policy.spec.horizon - steps + 1)
        self._steps = steps
        self._chunk: ActionChunk | None = None
        self._instruction = ""

    def prepare(self, instruction: str) -> None:
        """Begin a task, as the other policy does; what is left of the last one is dropped."""
        self._chunk = None
        super().prepare(instruction)

    def obstacle_to_continuing(self) -> str:
        """It has chunks of its own to go on from."""
        return "it plays chunks of its own, of another length than the policy's"

    def act(self, observation: Observation) -> ActionChunk:
        """The actions from the observation's time on."""
        used = self._used(observation)
        if self._chunk is None or not 0 <= used < self._steps:
            self._chunk, used = self._policy.act(observation), 0
            self._instruction = observation.instruction
        actions = self._chunk.actions[used : used + self.spec.horizon]
        return ActionChunk(actions, observation.stamp, self.spec)

    def _used(self, observation: Observation) -> int:
        """How many actions of the last chunk are over; -1 where it does not count any more."""
        if self._chunk is None or observation.instruction != self._instruction:
            return -1
        elapsed_ns = observation.stamp - self._chunk.observation_stamp
        # A camera's frames come a little early or late: the nearest step is meant.
        return round(elapsed_ns / (self.spec.dt * 1e9)) if elapsed_ns >= 0 else -1
