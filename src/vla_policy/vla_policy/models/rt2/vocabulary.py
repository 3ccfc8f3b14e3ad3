# SPDX-License-Identifier: Apache-2.0
"""Which tokens of a model's own vocabulary say what."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from vla_policy.errors import CheckpointError
from vla_policy.memory import MODES
from vla_policy.models.rt2.bins import SPOKEN, ActionBins, number_base

NOTHING = "nothing"
"""What a look says of the named thing where no thing is named."""
SIGHTS = (*MODES, NOTHING)
"""The first word of a plan: what became of the named thing, see `vla_policy.memory.MODES`."""
REST = ("last", "more")
"""The last word of a plan: whether another part of the sentence follows the present one."""
STAGE_WORDS = ("first", "second")
"""The part of the sentence that is to be done, of `vla_policy.memory.STAGES`."""
NOWHERE = "nowhere"
"""In place of a bearing and of a distance that are not known."""
WORDS = (*SIGHTS, *REST, *STAGE_WORDS, NOWHERE)
PADDING = 0
"""Stands behind the end of sentences of different lengths; it is masked, whatever it means."""


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer, and the tokens in it that the policy speaks with.

    Attributes:
        size: number of its tokens.
        words: the token of each of `WORDS`.
        end: the token that ends an answer.
    """

    tokenizer: Tokenizer
    size: int
    words: dict[str, int]
    end: int

    @classmethod
    def of(cls, tokenizer: Tokenizer, end: int) -> Vocabulary:
        """That of a tokenizer.

        Raises:
            CheckpointError: it is too small, or has no token of its own for a word.
        """
        size = tokenizer.get_vocab_size(with_added_tokens=True)
        if size < 2 * SPOKEN:
            raise CheckpointError(
                f"the last {SPOKEN} tokens are to stand for numbers, and others must be left "
                f"for words: the tokenizer must have {2 * SPOKEN} at least (got {size})"
            )
        words = {word: _single(tokenizer, word) for word in WORDS}
        if len(set(words.values())) < len(words):
            raise CheckpointError(f"the tokenizer takes some of {', '.join(WORDS)} for the same")
        return cls(tokenizer, size, words, end)

    @property
    def actions(self) -> ActionBins:
        """The tokens of actions."""
        return ActionBins(self.size)

    def base(self, name: str) -> int:
        """The token of the first bin of a quantity of `vla_policy.models.rt2.bins.SCALES`."""
        return number_base(self.size, name)

    def choose(self, words: tuple[str, ...]) -> torch.Tensor:
        """The tokens of some of `WORDS`, in their order."""
        return torch.tensor([self.words[word] for word in words])

    def ids(self, text: str, marks: bool = False) -> list[int]:
        """Tokens of a text; with the marks that the tokenizer sets where `marks`."""
        return list(self.tokenizer.encode(text, add_special_tokens=marks).ids)

    def padded(self, texts: list[str], most: int) -> torch.Tensor:
        """Tokens of texts ``[len(texts), N]``, `PADDING` behind the last; N at least 1.

        Of a text with more than `most` tokens the rest is cut off.
        """
        rows = [self.ids(text)[:most] for text in texts]
        result = torch.full((len(rows), max([1, *map(len, rows)])), PADDING)
        for row, ids in zip(result, rows, strict=True):
            row[: len(ids)] = torch.tensor(ids, dtype=torch.long)
        return result


def _single(tokenizer: Tokenizer, word: str) -> int:
    """The one token of a word, by itself or after a space."""
    for text in (word, f" {word}"):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if len(ids) == 1:
            return int(ids[0])
    raise CheckpointError(f"the tokenizer splits the word {word!r}, which a plan is made of")
