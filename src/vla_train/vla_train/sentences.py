# SPDX-License-Identifier: Apache-2.0
"""What a language encoder makes of sentences: each is embedded once, however often it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

PIECE = 2048
"""Texts that are embedded before it is said how far the work is."""
Embed = Callable[[list[str]], torch.Tensor]
"""A language encoder's own `embed`: B texts to ``[B, N, ...]``, zeros where there is no word."""
Progress = Callable[[int, int], None]
"""Called with (new texts embedded, new texts in all)."""


def untold(done: int, every: int) -> None:
    """Nobody wants to know."""


class Sentences:
    """Texts by numbers, and the rows that stand for them; it only ever grows.

    Args:
        embed: a language encoder's own; the rows stay on the device that it puts them on.
    """

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._numbers: dict[str, int] = {}
        self._rows: torch.Tensor | None = None

    def numbers(self, texts: Iterable[str]) -> npt.NDArray[np.int64]:
        """The number of each text; those that are new get the next ones."""
        known = self._numbers
        return np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int64)

    def texts(self) -> list[str]:
        """All texts so far, in the order of their numbers."""
        return list(self._numbers)

    def rows(self, progress: Progress = untold) -> torch.Tensor:
        """The rows of all texts so far ``[texts, N, ...]``; those that are new are embedded."""
        parts = [] if self._rows is None else [self._rows]
        new = list(self._numbers)[sum(map(len, parts)) :]
        for first in range(0, len(new), PIECE):
            parts.append(self._embed(new[first : first + PIECE]))
            progress(min(first + PIECE, len(new)), len(new))
        if not parts:
            parts.append(self._embed([]))
        self._rows = _stacked(parts)
        return self._rows


def _stacked(parts: list[torch.Tensor]) -> torch.Tensor:
    """All of them, one below the other, the shorter ones filled up with zeros."""
    if len(parts) == 1:
        return parts[0]
    if parts[0].ndim == 1:
        return torch.cat(parts)
    longest = max(part.shape[1] for part in parts)
    return torch.cat(
        [F.pad(part, (0, 0) * (part.ndim - 2) + (0, longest - part.shape[1])) for part in parts]
    )
