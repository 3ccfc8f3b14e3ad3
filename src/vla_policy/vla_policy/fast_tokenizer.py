# SPDX-License-Identifier: Apache-2.0
"""FAST (arXiv 2501.09747): a chunk of actions as few tokens, by its frequencies.

Steps of a chunk that follow each other are alike; tokens that say each by itself say little. So
each value's course is written as cosines, these are rounded, and what often stands together
becomes one token (byte-pair coding).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, models, trainers

from vla_policy.errors import ActionSpecError

SCALE = 10.0
VOCABULARY = 1024
_FIRST_SYMBOL = 0x4E00
"""Letters that no normaliser touches stand for the rounded cosines."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FastTokenizer:
    """Chunks ``[horizon, action_dim]`` of values in [-1, 1] to tokens and back.

    Attributes:
        horizon, action_dim: of a chunk.
        scale: what the cosines are multiplied with before they are rounded: more is finer.
        coder: the byte-pair coding, as `fit` finds it.

    Raises:
        ActionSpecError: a size or the scale is not positive.
    """

    horizon: int
    action_dim: int
    scale: float
    coder: Tokenizer

    def __post_init__(self) -> None:
        if self.horizon < 1 or self.action_dim < 1 or not 0.0 < self.scale < math.inf:
            raise ActionSpecError(
                f"horizon, action_dim and scale must be > 0 (got {self.horizon}, "
                f"{self.action_dim} and {self.scale})"
            )

    @classmethod
    def fit(
        cls, chunks: npt.ArrayLike, scale: float = SCALE, vocabulary: int = VOCABULARY
    ) -> FastTokenizer:
        """Learn from chunks ``[N, horizon, action_dim]`` in [-1, 1] what stands together.

        Args:
            vocabulary: number of tokens, at least that of the symbols (`symbols`).

        Raises:
            ActionSpecError: the chunks have another shape or are not finite, or the vocabulary
                is too small.
        """
        array = np.asarray(chunks, dtype=np.float32)
        if array.ndim != 3 or 0 in array.shape:
            raise ActionSpecError(
                f"expected chunks of shape [N, horizon, action_dim], got {list(array.shape)}"
            )
        coder = Tokenizer(models.BPE())
        made = cls(array.shape[1], array.shape[2], scale, coder)
        if vocabulary < made.symbols:
            raise ActionSpecError(f"vocabulary must be >= {made.symbols} (got {vocabulary})")
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            initial_alphabet=[_symbol(number) for number in range(made.symbols)],
            show_progress=False,
        )
        coder.train_from_iterator((made._written(chunk) for chunk in array), trainer)
        return made

    @property
    def largest(self) -> int:
        """The largest size of a rounded cosine: that of a chunk that is 1 all along."""
        return math.ceil(math.sqrt(self.horizon) * self.scale)

    @property
    def symbols(self) -> int:
        """Number of different rounded cosines."""
        return 2 * self.largest + 1

    @property
    def error(self) -> float:
        """What a value may lie off after `detokenise`, at most.

        Each cosine is off by up to ``0.5 / scale``; how they add up is worst where all of them
        pull the same way.
        """
        return float(np.abs(_cosines(self.horizon)).sum(axis=0).max()) * 0.5 / self.scale

    def tokenise(self, chunk: npt.ArrayLike) -> list[int]:
        """``[horizon, action_dim]`` in [-1, 1], clipped, to tokens.

        Raises:
            ActionSpecError: it has another shape, or is not finite.
        """
        array = np.asarray(chunk, dtype=np.float32)
        if array.shape != (self.horizon, self.action_dim):
            raise ActionSpecError(
                f"expected a chunk of shape {[self.horizon, self.action_dim]}, "
                f"got {list(array.shape)}"
            )
        return list(self.coder.encode(self._written(array)).ids)

    def detokenise(self, tokens: Sequence[int]) -> Array:
        """Tokens to ``[horizon, action_dim]`` in [-1, 1].

        A network may say too few: what is missing are the finest cosines, which are zero then.
        What it says too much is dropped.

        Raises:
            ActionSpecError: there is no such token.
        """
        written = []
        for token in tokens:
            # the library has no word for a number below 0
            letters = self.coder.id_to_token(int(token)) if token >= 0 else None
            if letters is None:
                raise ActionSpecError(f"no token {token}: there are {self.coder.get_vocab_size()}")
            written += [ord(letter) - _FIRST_SYMBOL - self.largest for letter in letters]
        rounded = np.zeros(self.horizon * self.action_dim, dtype=np.float32)
        known = written[: len(rounded)]
        rounded[: len(known)] = known
        cosines = rounded.reshape(self.horizon, self.action_dim) / self.scale
        chunk: Array = (_cosines(self.horizon).T @ cosines).clip(-1.0, 1.0)
        return chunk

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        values: dict[str, Any] = {
            "horizon": self.horizon,
            "action_dim": self.action_dim,
            "scale": self.scale,
            "coder": json.loads(self.coder.to_str()),
        }
        path.write_text(json.dumps(values) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> FastTokenizer:
        """What `save` wrote.

        Raises:
            ActionSpecError: the file is missing or makes no sense.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            coder = Tokenizer.from_str(json.dumps(values.pop("coder")))
            return cls(coder=coder, **values)
        except ActionSpecError:
            raise
        except Exception as error:  # the library of tokenizers raises plain Exceptions
            raise ActionSpecError(f"{path} is no FAST tokenizer: {error}") from error

    def _written(self, chunk: Array) -> str:
        """A chunk as a word: the lowest frequency of each value first, then the next one."""
        if not np.isfinite(chunk).all():
            raise ActionSpecError(f"the values of a chunk must be finite (got {chunk.tolist()})")
        cosines = _cosines(self.horizon) @ chunk.clip(-1.0, 1.0)  # [horizon, action_dim]
        rounded = np.rint(cosines * self.scale).astype(np.int64)
        kept = rounded.clip(-self.largest, self.largest) + self.largest
        return "".join(_symbol(number) for number in kept.flatten().tolist())


def _symbol(number: int) -> str:
    return chr(_FIRST_SYMBOL + number)


def _cosines(horizon: int) -> Array:
    """The orthonormal cosine transform (DCT-II), a frequency a row: ``[horizon, horizon]``."""
    frequency, step = np.arange(horizon)[:, None], np.arange(horizon)[None, :]
    waves = np.cos(np.pi * (step + 0.5) * frequency / horizon) * math.sqrt(2.0 / horizon)
    waves[0] /= math.sqrt(2.0)
    return waves.astype(np.float32)
