# SPDX-License-Identifier: Apache-2.0
"""The one interface that every policy has, whatever its model."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.observation import Observation


@runtime_checkable
class Policy(Protocol):
    """Turns an observation into a chunk of actions.

    A policy may say more of itself; who asks finds it by the functions below.

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


@runtime_checkable
class ContinuingPolicy(Policy, Protocol):
    """A policy whose chunks may go on from a plan that is being driven."""

    def obstacle_to_continuing(self) -> str:
        """Why it does not follow `Observation.plan`, in a sentence; empty where it does."""
        ...


def obstacle_to_continuing(policy: Policy) -> str:
    """Why the chunks of a policy cannot go on from a plan; empty where they can."""
    if isinstance(policy, ContinuingPolicy):
        return policy.obstacle_to_continuing()
    return "it takes no plan to go on from"


def image_size(policy: Policy) -> tuple[int, int] | None:
    """Height and width that the policy resizes images to; None where it does not say.

    Its attribute ``image_size``. Images that come in this size need not be kept at full size.
    """
    return getattr(policy, "image_size", None)


def further_cameras(policy: Policy) -> tuple[str, ...]:
    """Names of the cameras that the policy looks at besides the one on the robot's front.

    Its attribute ``further_cameras``; by default none.
    """
    return tuple(getattr(policy, "further_cameras", ()))
