# SPDX-License-Identifier: Apache-2.0
"""A trained network as a `Policy`, whatever runs the network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.backends.backend import Backend
from vla_policy.errors import ObservationError
from vla_policy.image import resize_image
from vla_policy.models.config import EndToEndConfig
from vla_policy.observation import Observation
from vla_policy.sentence import shared_encoder


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
        self._backend = backend
        self._deadband = deadband
        self._images = image_buffer(sizes)
        self._instruction: str | None = None
        self._embedding = np.empty((1, 0), dtype=np.float32)

    @property
    def backend(self) -> str:
        """Name of what runs the network."""
        return self._backend.name

    def prepare(self, instruction: str) -> None:
        """Encode the sentence, unless it is the one encoded last."""
        if instruction != self._instruction:
            self._embedding = shared_encoder()([instruction])  # [1, 384]
            self._instruction = instruction

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
        fill_images(self._images, observation)
        actions = self._backend.run(self._images, self._embedding, observation.state[None])
        normalised = actions[0].copy()  # [horizon, action_dim]
        normalised[np.abs(normalised) < self._deadband] = 0.0
        return ActionChunk(self.spec.unnormalise(normalised), observation.stamp, self.spec)


def image_buffer(sizes: EndToEndConfig) -> npt.NDArray[np.uint8]:
    """Room for the images of one observation, ``[1, T, height, width, 3]``."""
    shape = (1, sizes.history, sizes.image_height, sizes.image_width, 3)
    return np.zeros(shape, dtype=np.uint8)


def fill_images(buffer: npt.NDArray[np.uint8], observation: Observation) -> None:
    """Resize the observation's images into `buffer`."""
    for place, image in zip(buffer[0], observation.images, strict=True):
        resize_image(image, *place.shape[:2], out=place)
