# SPDX-License-Identifier: Apache-2.0
"""Sentences as the numbers of their words, for language encoders that know no other words."""

from __future__ import annotations

import re
import zlib

import numpy as np
import numpy.typing as npt

MAX_WORDS = 40
VOCABULARY = 2048
"""Words are known by a hash into so many numbers; 0 is no word."""


def word_numbers(texts: list[str]) -> npt.NDArray[np.int64]:
    """Numbers of the texts' words ``[len(texts), N]``, zeros behind the last; N is at least 1."""
    rows = [[_number(word) for word in _words(text)][:MAX_WORDS] for text in texts]
    numbers = np.zeros((len(rows), max([1, *map(len, rows)])), dtype=np.int64)
    for row, values in zip(numbers, rows, strict=True):
        row[: len(values)] = values
    return numbers


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9.]+|[,;]", text.lower())


def _number(word: str) -> int:
    return 1 + zlib.crc32(word.encode()) % (VOCABULARY - 1)
