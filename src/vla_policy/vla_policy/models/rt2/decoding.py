# SPDX-License-Identifier: Apache-2.0
"""Says an answer word by word, of the words alone that can stand there.

An action comes from a token of an action and from no other, whatever the model would rather say
(arXiv 2307.15818, section 3.2, *output constraint*). Of the words that can stand at a place the
likeliest is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from vla_policy.models.rt2.numbers import BINS
from vla_policy.models.rt2.packing import lay_out, pack
from vla_policy.models.rt2.prompt import PLACE
from vla_policy.models.rt2.vocabulary import NOWHERE, PADDING, REST, SIGHTS

if TYPE_CHECKING:
    from transformers import DynamicCache

    from vla_policy.models.rt2.network import RT2

MOST = 1 << 20
"""Tokens that a single text may have."""


class Reader:
    """What has been asked and said so far, read from the beginning for every word."""

    def __init__(
        self, network: RT2, prefix: torch.Tensor, prompt: torch.Tensor, there: torch.Tensor
    ) -> None:
        self._network = network
        self._prefix = prefix
        self._prompt, self._there = prompt, there
        self._said = prompt[:, :0]

    def start(self) -> torch.Tensor:
        """The state ``[B, d]`` that the first word is said from."""
        return self._read(None)

    def go_on(self, words: torch.Tensor) -> torch.Tensor:
        """The state ``[B, d]`` that a word is said from when `words` ``[B, n]`` have been said."""
        self._said = torch.cat([self._said, words], dim=1)
        return self._read(None)

    def _read(self, cache: DynamicCache | None) -> torch.Tensor:
        """The state behind the last of what has been asked and said."""
        network, backbone = self._network, self._network.backbone
        nothing = self._said.new_full((len(self._said), 1), PADDING)
        following = torch.cat([self._said, nothing], dim=1)
        packed = pack(self._prompt, self._there, following, len(self._prompt), MOST)
        layout = lay_out(self._prefix.shape[1], (packed,), network.config.bidirectional)
        text = backbone.token_embeddings(packed.tokens).to(self._prefix.dtype)
        embeddings = torch.cat([self._prefix, text], dim=1)
        states = backbone.states(embeddings, layout.mask, layout.positions, cache)
        last = self._prefix.shape[1] + packed.sources[:, -1]  # [B]
        self._there_so_far = layout.mask[:, 0].any(dim=1)
        self._next = layout.positions.gather(1, last[:, None]) + 1
        return states[torch.arange(len(last), device=last.device), last]


class CachedReader(Reader):
    """The same, but keeps the keys and values of what it has read: each word is read once."""

    def start(self) -> torch.Tensor:
        """See `Reader`."""
        self._cache = self._network.backbone.new_cache()
        return self._read(self._cache)

    def go_on(self, words: torch.Tensor) -> torch.Tensor:
        """See `Reader`."""
        batch, count = words.shape
        before = self._there_so_far[:, None].expand(-1, count, -1)
        among = words.new_ones(count, count).tril() > 0
        mask = torch.cat([before, among.expand(batch, -1, -1)], dim=2)[:, None]
        self._there_so_far = mask[:, 0, -1]
        places = self._next + torch.arange(count, device=words.device)
        self._next = self._next + count
        backbone = self._network.backbone
        embeddings = backbone.token_embeddings(words).to(self._prefix.dtype)
        return backbone.states(embeddings, mask, places, self._cache)[:, -1]


def answer(network: RT2, reader: Reader, by_heart: bool = True) -> torch.Tensor:
    """What the network says to what a reader has been asked: tokens ``[B, M]``.

    Args:
        by_heart: words are not asked for where what was said allows no other. Without, the same
            is done whatever is said, as in a graph.
    """
    speaker = _Speaker(network)
    state = reader.start()
    said: list[torch.Tensor] = []
    if network.config.plan:
        said = _plan(speaker, reader, state, by_heart)
        state = reader.go_on(said[-1])
    bins = range(network.vocabulary.size - BINS, network.vocabulary.size)
    for left in reversed(range(network.config.words)):
        said.append(speaker.number(state, bins))
        if left:
            state = reader.go_on(said[-1])
    return torch.cat(said, dim=1)


def reply(network: RT2, reader: Reader, most: int) -> list[list[int]]:
    """What the network says in words of its own choice: tokens of each text, without the end."""
    end = network.vocabulary.end
    state = reader.start()
    said: list[torch.Tensor] = []
    for place in range(most):
        said.append(network.backbone.logits(state).argmax(dim=-1, keepdim=True))
        if place + 1 < most:
            state = reader.go_on(said[-1])
    rows = torch.cat(said, dim=1).tolist()
    return [row[: row.index(end)] if end in row else row for row in rows]


def _plan(
    speaker: _Speaker, reader: Reader, state: torch.Tensor, by_heart: bool
) -> list[torch.Tensor]:
    """The words of a plan, each ``[B, 1]``."""
    sight = speaker.word(state, SIGHTS)
    seen = speaker.means(sight, "seen")
    nowhere = torch.full_like(sight, speaker.token(NOWHERE))
    if by_heart and not seen.any():
        rest = speaker.word(reader.go_on(torch.cat([sight, nowhere, nowhere], dim=1)), REST)
        return [sight, nowhere, nowhere, rest]
    said = [sight]
    for name in PLACE:
        number = speaker.number(reader.go_on(said[-1]), speaker.bins(name))
        said.append(torch.where(seen, number, nowhere))
    return [*said, speaker.word(reader.go_on(said[-1]), REST)]


class _Speaker:
    """Chooses among the words that can stand at a place; the logits of others are not computed."""

    def __init__(self, network: RT2) -> None:
        self._backbone, self._vocabulary = network.backbone, network.vocabulary

    def token(self, word: str) -> int:
        """The token of a word of `vla_policy.models.rt2.vocabulary.WORDS`."""
        return self._vocabulary.words[word]

    def bins(self, name: str) -> range:
        """The tokens of a quantity."""
        first = self._vocabulary.base(name)
        return range(first, first + BINS)

    def means(self, tokens: torch.Tensor, word: str) -> torch.Tensor:
        """Which of the tokens are that of a word."""
        return tokens == self.token(word)

    def number(self, state: torch.Tensor, tokens: range) -> torch.Tensor:
        """The likeliest of consecutive tokens: ``[B, d]`` to ``[B, 1]``."""
        rows = slice(tokens.start, tokens.stop)
        return tokens.start + self._backbone.logits(state, rows).argmax(dim=-1, keepdim=True)

    def word(self, state: torch.Tensor, words: tuple[str, ...]) -> torch.Tensor:
        """The token of the likeliest word: ``[B, d]`` to ``[B, 1]``."""
        tokens = torch.tensor(self._vocabulary.choose(words), device=state.device)
        return tokens[self._backbone.logits(state, tokens).argmax(dim=-1, keepdim=True)]
