# SPDX-License-Identifier: Apache-2.0
"""Which tokens of a model's own vocabulary say what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from vla_policy.errors import CheckpointError
from vla_policy.memory import MODES
from vla_policy.models.rt2.numbers import SPOKEN, number_base

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
TOKENIZER_FILE = "tokenizer.json"
PADDING = -1
"""In place of a token where there is none: behind the end of the shorter ones of some texts."""


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
    def of(cls, tokenizer: Tokenizer, end: int = 0) -> Vocabulary:
        """That of a tokenizer, whose token `end` ends an answer.

        Raises:
            CheckpointError: it is too small, or has no token of its own for a word.
        """
        size = tokenizer.get_vocab_size(with_added_tokens=True)
        words = {word: _single(tokenizer, word) for word in WORDS}
        if size - SPOKEN <= max(words.values()):
            raise CheckpointError(
                f"the last {SPOKEN} tokens are to stand for numbers, and words must be left in "
                f"front of them: the tokenizer has too few (got {size})"
            )
        if len(set(words.values())) < len(words):
            raise CheckpointError(f"the tokenizer takes some of {', '.join(WORDS)} for the same")
        return cls(tokenizer, size, words, end)

    def base(self, name: str) -> int:
        """The token of the first bin of a quantity of `vla_policy.models.rt2.bins.SCALES`."""
        return number_base(self.size, name)

    def choose(self, words: tuple[str, ...]) -> list[int]:
        """The tokens of some of `WORDS`, in their order."""
        return [self.words[word] for word in words]

    def ids(self, text: str, marks: bool = False) -> list[int]:
        """Tokens of a text; with the marks that the tokenizer sets where `marks`."""
        return list(self.tokenizer.encode(text, add_special_tokens=marks).ids)

    def padded(self, texts: list[str], most: int) -> npt.NDArray[np.int64]:
        """Tokens of texts ``[len(texts), N]``, `PADDING` behind the last; N at least 1.

        Of a text with more than `most` tokens the rest is cut off.
        """
        rows = [self.ids(text)[:most] for text in texts]
        result = np.full((len(rows), max([1, *map(len, rows)])), PADDING, dtype=np.int64)
        for row, ids in zip(result, rows, strict=True):
            row[: len(ids)] = ids
        return result


def read_tokenizer(directory: Path) -> Tokenizer:
    """The tokenizer of a model.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    path = directory / TOKENIZER_FILE
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # The tokenizers library raises bare exceptions.
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _single(tokenizer: Tokenizer, word: str) -> int:
    """The one token of a word, by itself or after a space."""
    for text in (word, f" {word}"):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if len(ids) == 1:
            return int(ids[0])
    raise CheckpointError(f"the tokenizer splits the word {word!r}, which a plan is made of")
