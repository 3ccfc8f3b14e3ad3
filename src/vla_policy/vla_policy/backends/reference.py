# SPDX-License-Identifier: Apache-2.0
"""Observations, and what eager float32 answers: what every backend must answer, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_policy.backends.backend import Array, Backend, Images
from vla_policy.errors import BackendError
from vla_policy.model_policy import fill_images, image_buffer
from vla_policy.models.config import EndToEndConfig
from vla_policy.observation import Observation
from vla_policy.sentence import shared_encoder

Inputs = tuple[Images, Array, Array]


@dataclass(frozen=True, eq=False)
class Reference:
    """Inputs of a network, and its answers.

    Attributes:
        images: ``[N, T, height, width, 3]`` uint8 at the network's size.
        embedding: ``[N, 384]`` of the sentences.
        state: ``[N, 3]``.
        actions: ``[N, horizon, action_dim]`` in [-1, 1], of eager float32.
    """

    images: Images
    embedding: Array
    state: Array
    actions: Array

    def __len__(self) -> int:
        return len(self.images)

    def inputs(self) -> Iterator[Inputs]:
        """The inputs one by one, as a `Backend` takes them."""
        return batches_of_one(self.images, self.embedding, self.state)

    def first(self, count: int) -> Reference:
        """The first `count` of them."""
        arrays = (self.images, self.embedding, self.state, self.actions)
        return Reference(*(array[:count] for array in arrays))

    def save(self, path: Path) -> None:
        """Write it to a compressed file."""
        np.savez_compressed(
            path,
            images=self.images,
            embedding=self.embedding,
            state=self.state,
            actions=self.actions,
        )

    @classmethod
    def load(cls, path: Path) -> Reference:
        """The reference that `save` wrote.

        Raises:
            BackendError: the file is missing or damaged.
        """
        try:
            with np.load(path) as file:
                return cls(*(file[name] for name in ("images", "embedding", "state", "actions")))
        except (OSError, ValueError, KeyError) as error:
            raise BackendError(
                f"{path} cannot be read ({error}): write it with `vla export`"
            ) from error


def record(
    observations: Iterable[Observation],
    sizes: EndToEndConfig,
    eager: Backend,
    advance: Callable[[], None] = lambda: None,
) -> Reference:
    """What `eager` answers to the observations; `advance` is called after each."""
    images, embedding, state, actions = [], [], [], []
    for observation in observations:
        buffer = image_buffer(sizes)
        fill_images(buffer, observation)
        sentence = shared_encoder()([observation.instruction])
        actions.append(eager.run(buffer, sentence, observation.state[None])[0])
        images.append(buffer[0])
        embedding.append(sentence[0])
        state.append(observation.state)
        advance()
    if not images:
        raise BackendError("a reference needs at least one observation (got none)")
    return Reference(*(np.stack(part) for part in (images, embedding, state, actions)))


def batches_of_one(images: Images, embedding: Array, state: Array) -> Iterator[Inputs]:
    """Row by row, each a batch of one."""
    for row in range(len(images)):
        part = slice(row, row + 1)
        yield images[part], embedding[part], state[part]
