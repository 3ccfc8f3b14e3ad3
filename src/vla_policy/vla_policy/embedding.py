# SPDX-License-Identifier: Apache-2.0
"""What each language encoder makes of a text alone: once a sentence, and without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vla_policy import sentence, words

if TYPE_CHECKING:
    from vla_policy.architectures import ModelConfig


@dataclass(frozen=True)
class Embedding:
    """The input of a network that stands for a sentence, and how it is made.

    Attributes:
        shape: of one sentence with as many words as it may have, ``[N, ...]``.
        dtype: of the input.
        embed: texts to ``[B, n, ...]`` with n up to N; zeros stand where there is no word.
    """

    shape: tuple[int, ...]
    dtype: type[np.generic]
    embed: Callable[[list[str]], npt.NDArray[Any]]

    def blank(self) -> npt.NDArray[Any]:
        """The input ``[1, N, ...]`` that stands for no words."""
        return np.zeros((1, *self.shape), dtype=self.dtype)

    def fill(self, place: npt.NDArray[Any], text: str) -> None:
        """Write a sentence into an input as `blank` makes it."""
        (states,) = self.embed([text])
        place[0, : len(states)] = states
        place[0, len(states) :] = 0


def _minilm(texts: list[str]) -> npt.NDArray[np.float16]:
    return sentence.shared_encoder().tokens(texts)


EMBEDDINGS = {
    "minilm": Embedding((sentence.MAX_WORDS, sentence.EMBEDDING_DIM), np.float32, _minilm),
    "transformer": Embedding((words.MAX_WORDS,), np.int64, words.word_numbers),
}
"""By the names of `vla_policy.models.language.LANGUAGE_ENCODERS`. RT-2 reads sentences as tokens
of its own, which differ from checkpoint to checkpoint: see `embedding_of`."""


def embedding_of(sizes: ModelConfig) -> Embedding:
    """How a network of these sizes takes its sentences."""
    if sizes.language in EMBEDDINGS:
        return EMBEDDINGS[sizes.language]
    from vla_policy.models.rt2.words import embedding

    return embedding(sizes)
