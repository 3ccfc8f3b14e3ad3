# SPDX-License-Identifier: Apache-2.0
"""A trained network as a `Policy`, whatever runs the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.architectures import ModelConfig
from vla_policy.backends.backend import (
    ACTIONS,
    MODE,
    MORE,
    PLAN,
    PLAN_WEIGHTS,
    RANGES,
    SPOT,
    Backend,
    Outputs,
)
from vla_policy.embedding import embedding_of
from vla_policy.errors import ObservationError
from vla_policy.image import resize_image
from vla_policy.memory import MEMORY_DIM, Memory, Sight, stands
from vla_policy.models.config import keeps_off, memory_dim
from vla_policy.observation import Observation
from vla_policy.plan import Plan
from vla_policy.pose import STATE_DIM
from vla_policy.recovery import Recovery
from vla_policy.surroundings import STEERED_FIELDS, Surroundings

Actions = npt.NDArray[np.float32]


class ModelPolicy:
    """Gives observations to a network, remembers what it saw, and un-normalises what it answers.

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
        sizes: ModelConfig,
        spec: ActionSpec,
        deadband: float = 0.0,
    ) -> None:
        self.name = name
        self.spec = spec
        self.history = sizes.history
        self.image_size = (sizes.image_height, sizes.image_width)
        self.memory = Memory()
        self.surroundings = Surroundings() if keeps_off(sizes) else None
        self.recovery = Recovery()
        self._backend = backend
        self._deadband = deadband
        self._embedding = embedding_of(sizes)
        self._inputs = self._blank(sizes)
        self._instruction: str | None = None

    @property
    def backend(self) -> str:
        """Name of what runs the network."""
        return self._backend.name

    def prepare(self, instruction: str) -> None:
        """Begin a task: encode its sentence (unless it was the last one) and forget the past."""
        self.memory.restart()
        self.recovery.restart()
        if self.surroundings is not None:
            self.surroundings.restart()
        if instruction != self._instruction:
            self._embedding.fill(self._inputs["language"], instruction)
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
        plan = observation.plan
        outputs = self._ask(observation)
        actions = outputs[ACTIONS][0]  # [horizon, action_dim]
        standing = self.memory.stands(actions, observation.state, observation.stamp)
        actions[np.abs(actions) < self._deadband] = 0.0
        if self.memory.take(_sight(outputs), standing, observation.state, observation.stamp):
            actions[:] = 0.0
        driven = self._kept_off(self.spec.unnormalise(actions), outputs, observation)
        if plan is not None:
            # What will have been driven by then stands as it is.
            frozen = self.spec.normalise(plan.actions[: plan.frozen])
            driven[: plan.frozen] = self.spec.unnormalise(frozen)
        return ActionChunk(driven, observation.stamp, self.spec)

    def _kept_off(self, actions: Actions, outputs: Outputs, observation: Observation) -> Actions:
        """Actions [m/s, rad/s] that do not touch what was seen, where the network says that."""
        if self.surroundings is None:
            return actions
        state, spec = observation.state, self.spec
        self.surroundings.take(outputs[RANGES][0], state, observation.stamp)
        if spec.names != STEERED_FIELDS:
            return actions
        self.recovery.take(
            state, observation.stamp, self.surroundings.points(state), self.memory.spot(state)
        )
        if not stands(spec.normalise(actions)):
            actions = self.recovery.lead(actions, state, spec)
        return self.surroundings.steer(actions, state, spec)

    @staticmethod
    def _blank(sizes: ModelConfig) -> dict[str, npt.NDArray[Any]]:
        return blank_inputs(sizes)

    def _ask(self, observation: Observation) -> Outputs:
        """What the network answers to what is seen, said and remembered."""
        self._begin(observation)
        for place, image in zip(self._inputs["images"][0], observation.images, strict=True):
            resize_image(image, place.shape[0], place.shape[1], out=place)
        return self._backend.run({**self._inputs, **self._planned(observation.plan)})

    def _begin(self, observation: Observation) -> None:
        """Put what is said and remembered where the network reads it."""
        if len(observation.images) != self.history:
            raise ObservationError(
                f"{self.name} looks at {self.history} image(s), got {len(observation.images)}"
            )
        if observation.instruction != self._instruction:
            self.prepare(observation.instruction)
        inputs, memory, state = self._inputs, self.memory, observation.state
        inputs["state"][0] = memory.state(state)
        inputs["memory"][0, :MEMORY_DIM] = memory.features(state)
        if self.surroundings is not None:
            inputs["memory"][0, MEMORY_DIM:] = self.surroundings.features(state)
        inputs["stage"][0] = memory.stage

    def _planned(self, plan: Plan | None) -> dict[str, npt.NDArray[np.float32]]:
        """The further inputs of a network that goes on from a plan."""
        if plan is None:
            return {}
        actions = self.spec.normalise(plan.actions)
        return {PLAN: actions[None], PLAN_WEIGHTS: plan.weights()[None]}


def blank_inputs(sizes: ModelConfig) -> dict[str, npt.NDArray[Any]]:
    """The inputs of the network by name, all zero.

    ``images``: ``[1, T, height, width, 3]`` uint8, oldest first; ``language``: what the sentence
    is embedded as (`vla_policy.embedding`); ``state``: ``[1, 3]`` pose since the present part of
    the sentence began; ``memory``: ``[1, 3]`` and ``stage``: ``[1]`` int64, see
    `vla_policy.memory`; the memory is ``[1, 3 + SECTORS]`` where the network is told of its
    `vla_policy.surroundings`.
    """
    images = (1, sizes.history, sizes.image_height, sizes.image_width, 3)
    return {
        "images": np.zeros(images, dtype=np.uint8),
        "language": embedding_of(sizes).blank(),
        "state": np.zeros((1, STATE_DIM), dtype=np.float32),
        "memory": np.zeros((1, memory_dim(sizes)), dtype=np.float32),
        "stage": np.zeros(1, dtype=np.int64),
    }


def _sight(outputs: Outputs) -> Sight:
    ahead, left = outputs[SPOT][0].tolist()
    return Sight(int(outputs[MODE][0].argmax()), (ahead, left), bool(outputs[MORE][0] > 0.0))
