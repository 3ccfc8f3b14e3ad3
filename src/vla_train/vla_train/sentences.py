# SPDX-License-Identifier: Apache-2.0
"""What a language encoder makes of sentences: each is embedded once, however often it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

Embed = Callable[[list[str]], torch.Tensor]
"""A language encoder's own `embed`: B texts to ``[B, N, ...]``, zeros where there is no word."""


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

    def rows(self) -> torch.Tensor:
        """The rows of all texts so far ``[texts, N, ...]``; those that are new are embedded."""
        done = 0 if self._rows is None else len(self._rows)
        if done < len(self._numbers) or self._rows is None:
            new = self._embed(list(self._numbers)[done:])
            self._rows = new if self._rows is None else _stacked(self._rows, new)
        return self._rows


def _stacked(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """Both, one below the other, the shorter ones filled up with zeros."""
    if old.ndim > 1 and old.shape[1] != new.shape[1]:
        longest = max(old.shape[1], new.shape[1])
        old, new = (
            F.pad(part, (0, 0) * (part.ndim - 2) + (0, longest - part.shape[1]))
            for part in (old, new)
        )
    return torch.cat([old, new])
