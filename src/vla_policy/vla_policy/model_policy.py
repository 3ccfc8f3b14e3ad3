# SPDX-License-Identifier: Apache-2.0
"""A trained network as a `Policy`, whatever runs the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.backends.backend import ACTIONS, PLAN, PLAN_WEIGHTS, Backend
from vla_policy.errors import ObservationError
from vla_policy.image import resize_image
from vla_policy.models.config import EndToEndConfig
from vla_policy.observation import Observation
from vla_policy.plan import Plan
from vla_policy.pose import STATE_DIM
from vla_policy.sentence import EMBEDDING_DIM, shared_encoder


class ModelPolicy:
    """Gives observations to a network and un-normalises what it answers.

    The images are resized into a buffer that is kept: the one copy between camera and network.

    Args:
        name: what logs and reports call the policy.
        backend: what runs the network.
        sizes: what the network looks at.
        spec: the action space that un-normalises its actions.
        deadband: actions whose normalised size is below this are commanded as zero. A base
            does not move at such speeds; without it a robot that has arrived creeps on.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        sizes: EndToEndConfig,
        spec: ActionSpec,
        deadband: float = 0.0,
    ) -> None:
        self.name = name
        self.spec = spec
        self.history = sizes.history
        self.image_size = (sizes.image_height, sizes.image_width)
        self._backend = backend
        self._deadband = deadband
        self._inputs = blank_inputs(sizes)
        self._instruction: str | None = None

    @property
    def backend(self) -> str:
        """Name of what runs the network."""
        return self._backend.name

    def prepare(self, instruction: str) -> None:
        """Encode the sentence, unless it is the one encoded last."""
        if instruction != self._instruction:
            self._inputs["embedding"] = shared_encoder()([instruction])  # [1, 384]
            self._instruction = instruction

    def obstacle_to_continuing(self) -> str:
        """Why its chunks cannot go on from a plan; empty where they can."""
        from_backend = getattr(self._backend, "obstacle_to_continuing", None)
        if from_backend is None:
            return f"backend {self.backend!r} cannot lead the network; torch can, with a flow"
        return str(from_backend())

    def act(self, observation: Observation) -> ActionChunk:
        """The chunk of actions that follows from the observation.

        Raises:
            ObservationError: it holds another number of images than the network looks at.
        """
        if len(observation.images) != self.history:
            raise ObservationError(
                f"{self.name} looks at {self.history} image(s), got {len(observation.images)}"
            )
        self.prepare(observation.instruction)
        for place, image in zip(self._inputs["images"][0], observation.images, strict=True):
            resize_image(image, place.shape[0], place.shape[1], out=place)
        self._inputs["state"] = observation.state[None]
        normalised = self._actions(observation.plan)  # [horizon, action_dim]
        return ActionChunk(self.spec.unnormalise(normalised), observation.stamp, self.spec)

    def _actions(self, plan: Plan | None) -> npt.NDArray[np.float32]:
        if plan is None:
            return self._steady(self._backend.run(self._inputs)[ACTIONS][0])
        planned = self.spec.normalise(plan.actions)
        further = {PLAN: planned[None], PLAN_WEIGHTS: plan.weights()[None]}
        actions = self._steady(self._backend.run({**self._inputs, **further})[ACTIONS][0])
        # What will have been driven by then stands as it is.
        actions[: plan.frozen] = planned[: plan.frozen]
        return actions

    def _steady(self, actions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        actions[np.abs(actions) < self._deadband] = 0.0
        return actions


def blank_inputs(sizes: EndToEndConfig) -> dict[str, npt.NDArray[Any]]:
    """The inputs of the network by name, all zero.

    ``images``: ``[1, T, height, width, 3]`` uint8, oldest first; ``embedding``: ``[1, 384]`` of
    the sentence; ``state``: ``[1, 3]`` pose since the instruction began.
    """
    images = (1, sizes.history, sizes.image_height, sizes.image_width, 3)
    return {
        "images": np.zeros(images, dtype=np.uint8),
        "embedding": np.zeros((1, EMBEDDING_DIM), dtype=np.float32),
        "state": np.zeros((1, STATE_DIM), dtype=np.float32),
    }
