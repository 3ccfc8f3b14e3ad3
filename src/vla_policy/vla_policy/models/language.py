# SPDX-License-Identifier: Apache-2.0
"""Language encoders: a sentence to a few vectors, those of the part that is to be done now."""

from __future__ import annotations

import torch
from torch import nn

from vla_policy.memory import STAGES
from vla_policy.models.attention import Attention, TransformerBlock
from vla_policy.models.frozen_minilm import read_tokens
from vla_policy.sentence import EMBEDDING_DIM, shared_encoder
from vla_policy.words import MAX_WORDS, VOCABULARY, word_numbers

SLOTS = 4
"""Vectors that a sentence becomes; each can hold on to another word of it."""


class MiniLMEncoder(nn.Module):
    """The tokens of a frozen MiniLM, and a small network that asks them.

    The frozen part is no parameter of this module: it is shared by the process and not
    written into checkpoints. Tokens, not one vector a sentence: what *purple* and what *cone*
    mean stays apart, so that a purple cone can be found that was never named in training.
    """

    def __init__(self, dim: int = 128, slots: int = SLOTS) -> None:
        super().__init__()
        self.dim, self.slots = dim, slots
        self.project = nn.Sequential(nn.Linear(EMBEDDING_DIM, dim), nn.LayerNorm(dim))
        self.ask = SlotPooling(dim, slots)

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """Frozen tokens ``[B, N, 384]`` of the sentences, zeros behind the last one's end."""
        device = self.ask.questions.device
        if device.type == "cpu":
            return torch.from_numpy(shared_encoder().tokens(instructions))
        return read_tokens(shared_encoder(), instructions, device)

    def forward(
        self, instructions: list[str] | torch.Tensor, stage: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Sentences, or what `embed` made of them, to ``[B, slots, dim]``.

        Args:
            stage: ``[B]`` which part of the sentence is to be done, from 0; 0 where None.
        """
        if not isinstance(instructions, torch.Tensor):
            instructions = self.embed(instructions)
        tokens = instructions.to(self.ask.questions.dtype)
        padding = (tokens == 0.0).all(dim=-1)  # [B, N]
        return self.ask(self.project(tokens), padding, stage)


class TransformerEncoder(nn.Module):
    """A small transformer over words, trained from nothing along with the rest.

    Words are known by their numbers, see `vla_policy.words.word_numbers`.
    """

    def __init__(self, dim: int = 128, slots: int = SLOTS, layers: int = 2) -> None:
        super().__init__()
        self.dim, self.slots = dim, slots
        self.words = nn.Embedding(VOCABULARY, dim, padding_idx=0)
        self.places = nn.Parameter(0.02 * torch.randn(MAX_WORDS, dim))
        self.blocks = nn.ModuleList(TransformerBlock(dim) for _ in range(layers))
        self.ask = SlotPooling(dim, slots)

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """Numbers of the words ``[B, N]``, zeros behind the last one."""
        return torch.from_numpy(word_numbers(instructions)).to(self.places.device)

    def forward(
        self, instructions: list[str] | torch.Tensor, stage: torch.Tensor | None = None
    ) -> torch.Tensor:
        """As in `MiniLMEncoder`."""
        if not isinstance(instructions, torch.Tensor):
            instructions = self.embed(instructions)
        padding = instructions == 0
        x = self.words(instructions) + self.places[: instructions.shape[1]]
        for block in self.blocks:
            x = block(x, padding)
        return self.ask(x, padding, stage)


class SlotPooling(nn.Module):
    """A few learnt questions to the words; each part of a sentence has its own."""

    def __init__(self, dim: int, slots: int) -> None:
        super().__init__()
        self.questions = nn.Parameter(torch.randn(STAGES, slots, dim))
        self.attention = Attention(dim)
        self.norm = nn.LayerNorm(dim)
        self.think = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(
        self, tokens: torch.Tensor, padding: torch.Tensor, stage: torch.Tensor | None
    ) -> torch.Tensor:
        """``[B, N, dim]``, ``[B, N]`` (True: no word) and ``[B]`` to ``[B, slots, dim]``."""
        # A sentence without words must not leave the attention with nothing to look at.
        padding = padding & ~padding.all(dim=-1, keepdim=True)
        if stage is None:
            stage = torch.zeros(len(tokens), dtype=torch.long, device=tokens.device)
        questions = self.questions[stage]  # [B, slots, dim]
        answers = questions + self.attention(questions, tokens, padding)
        return answers + self.think(self.norm(answers))


LANGUAGE_ENCODERS = {"minilm": MiniLMEncoder, "transformer": TransformerEncoder}
"""Language encoders by the names that configurations know them by."""
