# SPDX-License-Identifier: Apache-2.0
"""The one interface that every policy has, whatever its model."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.observation import Observation


@runtime_checkable
class Policy(Protocol):
    """Turns an observation into a chunk of actions.

    Attributes:
        name: what logs and reports call it.
        spec: the action space of the chunks that `act` returns.
        history: number of images that an observation must hold.
    """

    name: str
    spec: ActionSpec
    history: int

    def prepare(self, instruction: str) -> None:
        """Begin a task: encode its sentence, so that `act` does not have to; forget the last."""
        ...

    def act(self, observation: Observation) -> ActionChunk:
        """The chunk of actions that follows from what is seen and said."""
        ...
