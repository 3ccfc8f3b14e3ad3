# SPDX-License-Identifier: Apache-2.0
"""A trained network as a `Policy`."""

from __future__ import annotations

import numpy as np
import torch

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.errors import ObservationError
from vla_policy.image import resize_image
from vla_policy.memory import Memory, Sight
from vla_policy.models.end_to_end import EndToEndVLA, Look
from vla_policy.observation import Observation


class ModelPolicy:
    """Runs an `EndToEndVLA` on observations; the sentence is encoded once.

    Args:
        name: what logs and reports call the policy.
        model: the network; it is put into evaluation mode.
        spec: the action space that un-normalises its actions.
        deadband: actions whose normalised size is below this are commanded as zero. A base
            does not move at such speeds; without it a robot that has arrived creeps on.
    """

    def __init__(
        self, name: str, model: EndToEndVLA, spec: ActionSpec, deadband: float = 0.0
    ) -> None:
        self.name = name
        self.spec = spec
        self.history = model.config.history
        self.memory = Memory()
        self._deadband = deadband
        self._model = model.eval()
        self._device = next(model.parameters()).device
        self._instruction: str | None = None
        self._embedding = torch.empty(0)

    def prepare(self, instruction: str) -> None:
        """Begin a task: encode its sentence (unless it was the last one) and forget the past."""
        self.memory.restart()
        if instruction != self._instruction:
            self._embedding = self._model.language.embed([instruction])
            self._instruction = instruction

    @torch.inference_mode()
    def act(self, observation: Observation) -> ActionChunk:
        """The chunk of actions that follows from the observation.

        Raises:
            ObservationError: it holds another number of images than the network looks at.
        """
        if observation.instruction != self._instruction:
            self.prepare(observation.instruction)
        memory, state = self.memory, observation.state
        look = self._model.look(
            self._images(observation),
            self._embedding,
            torch.from_numpy(memory.state(state))[None].to(self._device),
            torch.from_numpy(memory.features(state))[None].to(self._device),
            torch.tensor([memory.stage], device=self._device),
        )
        stands = memory.take(_sight(look), state, observation.stamp)
        normalised = look.actions[0].cpu().numpy()  # [horizon, action_dim]
        if stands:
            normalised = np.zeros_like(normalised)
        normalised[np.abs(normalised) < self._deadband] = 0.0
        return ActionChunk(self.spec.unnormalise(normalised), observation.stamp, self.spec)

    def _images(self, observation: Observation) -> torch.Tensor:
        config = self._model.config
        if len(observation.images) != self.history:
            raise ObservationError(
                f"{self.name} looks at {self.history} image(s), got {len(observation.images)}"
            )
        small = [
            resize_image(image, config.image_height, config.image_width)
            for image in observation.images
        ]
        images = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)  # [T, 3, H, W]
        return images[None].to(self._device)


def _sight(look: Look) -> Sight:
    ahead, left = look.spot[0].tolist()
    return Sight(int(look.mode[0].argmax()), (ahead, left), bool(look.arrived[0] > 0.0))
