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
from vla_policy.models.rt2.packing import Group, attention_mask, positions
from vla_policy.models.rt2.prompt import PLACE
from vla_policy.models.rt2.vocabulary import NOWHERE, REST, SIGHTS

if TYPE_CHECKING:
    from vla_policy.models.rt2.network import RT2


class Reader:
    """What has been asked and said so far, read from the beginning for every word."""

    def __init__(
        self, network: RT2, prefix: torch.Tensor, prompt: torch.Tensor, there: torch.Tensor
    ) -> None:
        self._network = network
        self._prefix = prefix
        self._asked = prompt.shape[1]
        self._text, self._there = prompt, there

    def start(self) -> torch.Tensor:
        """The state ``[B, d]`` that the first word is said from."""
        return self._last_state()

    def go_on(self, words: torch.Tensor) -> torch.Tensor:
        """The state ``[B, d]`` that a word is said from when `words` ``[B, n]`` have been said."""
        self._text = torch.cat([self._text, words], dim=1)
        self._there = torch.cat([self._there, torch.ones_like(words) > 0], dim=1)
        return self._last_state()

    def _last_state(self) -> torch.Tensor:
        network, length = self._network, self._prefix.shape[1]
        text = network.backbone.token_embeddings(self._text).to(self._prefix.dtype)
        group = Group(1, self._asked, self._text.shape[1])
        there = [self._there[:, None]]
        seen = network.visible(length, (group,), self._prefix.device)
        states = network.backbone.states(
            torch.cat([self._prefix, text], dim=1),
            attention_mask(seen, length, there),
            positions(length, there),
        )
        return states[:, -1]


class CachedReader(Reader):
    """The same, but keeps the keys and values of what it has read: each word is read once."""

    def start(self) -> torch.Tensor:
        """See `Reader`."""
        network, length = self._network, self._prefix.shape[1]
        self._cache = network.backbone.new_cache()
        there = [self._there[:, None]]
        places = positions(length, there)
        self._next = places[:, -1:] + 1
        batch = len(self._text)
        self._visible = torch.cat([self._there.new_ones(batch, length), self._there], dim=1)
        text = network.backbone.token_embeddings(self._text).to(self._prefix.dtype)
        seen = network.visible(length, (Group(1, self._asked, self._asked),), self._prefix.device)
        mask = attention_mask(seen, length, there)
        embeddings = torch.cat([self._prefix, text], dim=1)
        return network.backbone.states(embeddings, mask, places, self._cache)[:, -1]

    def go_on(self, words: torch.Tensor) -> torch.Tensor:
        """See `Reader`."""
        batch, count = words.shape
        before = self._visible[:, None].expand(-1, count, -1)
        among = words.new_ones(count, count).tril() > 0
        mask = torch.cat([before, among.expand(batch, -1, -1)], dim=2)[:, None]
        self._visible = torch.cat([self._visible, self._visible.new_ones(batch, count)], dim=1)
        places = self._next + torch.arange(count, device=words.device)
        self._next = self._next + count
        backbone = self._network.backbone
        embeddings = backbone.token_embeddings(words).to(self._prefix.dtype)
        return backbone.states(embeddings, mask, places, self._cache)[:, -1]


def answer(network: RT2, reader: Reader) -> torch.Tensor:
    """What the network says to what a reader has been asked: tokens ``[B, M]``."""
    speaker = _Speaker(network)
    state = reader.start()
    said: list[torch.Tensor] = []
    if network.config.plan:
        said = _plan(speaker, reader, state)
        state = reader.go_on(said[-1])
    bins = range(network.vocabulary.size - BINS, network.vocabulary.size)
    for left in reversed(range(network.config.words)):
        said.append(speaker.number(state, bins))
        if left:
            state = reader.go_on(said[-1])
    return torch.cat(said, dim=1)


def _plan(speaker: _Speaker, reader: Reader, state: torch.Tensor) -> list[torch.Tensor]:
    """The words of a plan, each ``[B, 1]``."""
    sight = speaker.word(state, SIGHTS)
    seen = speaker.means(sight, "seen")
    nowhere = torch.full_like(sight, speaker.token(NOWHERE))
    if not seen.any():
        # Where only one word can stand, it need not be asked for.
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
