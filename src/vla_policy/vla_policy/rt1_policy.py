# SPDX-License-Identifier: Apache-2.0
"""The policy of an RT-1: it keeps the tokens of the images that were seen, and asks with them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.architectures import ModelConfig
from vla_policy.backends.backend import KNOWN, PAST, TOKENS, Outputs
from vla_policy.image import resize_image
from vla_policy.model_policy import ModelPolicy
from vla_policy.model_policy import blank_inputs as blank_model_inputs
from vla_policy.models.rt1_config import RT1Config
from vla_policy.observation import Observation

KEPT = 32
"""Images whose tokens are kept: enough for a history that is looked at more often than its
images are apart."""


class RT1Policy(ModelPolicy):
    """A `ModelPolicy` that has each image encoded once while the sentence stays.

    A token depends on its image and on the part of the sentence that is to be done. So tokens are
    kept by the pixels that they were made of, and forgotten when another sentence, or another
    part of it, begins: the images of the history are then encoded anew. What it commands is what
    the network would give to the whole history.
    """

    def prepare(self, instruction: str) -> None:
        """See `ModelPolicy`."""
        super().prepare(instruction)
        self._tokens: OrderedDict[bytes, npt.NDArray[np.float32]] = OrderedDict()
        self._told_stage = self.memory.stage

    @staticmethod
    def _blank(sizes: ModelConfig) -> dict[str, npt.NDArray[Any]]:
        assert isinstance(sizes, RT1Config)
        return blank_inputs(sizes)

    def _ask(self, observation: Observation) -> Outputs:
        self._begin(observation)
        if self.memory.stage != self._told_stage:
            self._tokens.clear()
            self._told_stage = self.memory.stage
        height, width = self.image_size
        *past, newest = (resize_image(image, height, width) for image in observation.images)
        kept = [self._kept(image, newest) for image in past]
        for place, tokens in enumerate(kept):
            self._inputs[KNOWN][0, place] = tokens is not None
            if tokens is not None:
                self._inputs[PAST][0, place] = tokens
        return self._run(newest)

    def _kept(
        self, image: npt.NDArray[np.uint8], newest: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32] | None:
        """The tokens of an image; None where it is the newest one, which is yet to be encoded."""
        pixels = image.tobytes()
        if pixels in self._tokens:
            self._tokens.move_to_end(pixels)
            return self._tokens[pixels]
        if np.array_equal(image, newest):
            return None
        self._run(image)
        return self._tokens[pixels]

    def _run(self, image: npt.NDArray[np.uint8]) -> Outputs:
        """The network's answer to the newest image, whose tokens are kept."""
        self._inputs["images"][0, 0] = image
        outputs = self._backend.run(self._inputs)
        self._tokens[image.tobytes()] = outputs[TOKENS][0]
        if len(self._tokens) > KEPT:
            self._tokens.popitem(last=False)
        return outputs


def blank_inputs(sizes: RT1Config) -> dict[str, npt.NDArray[Any]]:
    """As `vla_policy.model_policy.blank_inputs`, with the newest image alone.

    Where the history is longer, also ``past``: ``[1, T - 1, K, dim]`` tokens of the images before
    it, oldest first, and ``known``: ``[1, T - 1]`` 1 where there are such tokens; where there are
    none, the newest image stands for the one that is missing.
    """
    inputs = blank_model_inputs(sizes)
    inputs["images"] = inputs["images"][:, :1]
    before = sizes.history - 1
    if before:
        shape = (1, before, sizes.tokens_per_image, sizes.token_dim)
        inputs[PAST] = np.zeros(shape, dtype=np.float32)
        inputs[KNOWN] = np.zeros((1, before), dtype=np.float32)
    return inputs
