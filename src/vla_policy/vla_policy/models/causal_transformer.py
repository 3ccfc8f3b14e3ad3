# SPDX-License-Identifier: Apache-2.0
"""RT-1's decoder-only transformer, and who may look at whom in it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.models.attention import attend
from vla_policy.models.rt1_config import RT1Config

EPS = 1e-6
EVERYWHERE = slice(None)


@dataclass(frozen=True)
class SequenceLayout:
    """Which token stands where.

    A sequence is ``told`` tokens of the sentence, then for each step its image's tokens and
    those of its action; in the newest step ``own`` tokens of the robot stand between the two.

    Attributes:
        history: number of steps.
        image_tokens, action_tokens: of each step.
        told: tokens in front of everything.
        own: tokens of the newest step alone.
    """

    history: int
    image_tokens: int
    action_tokens: int
    told: int = 0
    own: int = 0

    @property
    def length(self) -> int:
        """Number of tokens in all."""
        step = self.image_tokens + self.action_tokens
        return self.told + self.history * step + self.own

    @property
    def actions(self) -> slice:
        """Where the newest step's action stands."""
        return slice(self.length - self.action_tokens, self.length)

    @property
    def readings(self) -> slice:
        """Where the newest step's action is read: each token gives the next one's."""
        return slice(self.length - self.action_tokens - 1, self.length - 1)

    def mask(self, autoregressive: bool = False) -> torch.Tensor:
        """Which token (row) may look at which (column): ``[length, length]`` bool.

        Each looks at itself and at what comes before it, but no action at any action, itself
        included (google-research/robotics_transformer, `_generate_masks`). Where actions are fed
        back in, the later values of an action look at its earlier ones.
        """
        step_of: list[int] = [-1] * self.told  # of actions; -1 for all other tokens
        for step in range(self.history):
            newest = step == self.history - 1
            step_of += [-1] * (self.image_tokens + (self.own if newest else 0))
            step_of += [step] * self.action_tokens
        steps = torch.tensor(step_of)
        both = (steps[:, None] >= 0) & (steps[None, :] >= 0)
        if autoregressive:
            both &= steps[:, None] != steps[None, :]
        return torch.ones(self.length, self.length, dtype=torch.bool).tril() & ~both


class CausalTransformer(nn.Module):
    """Tokens to tokens; no output depends on a later token."""

    mask: torch.Tensor

    def __init__(self, config: RT1Config, layout: SequenceLayout) -> None:
        super().__init__()
        dim = config.token_dim
        self.register_buffer("mask", layout.mask(config.autoregressive), persistent=False)
        self.embed = nn.Linear(dim, dim)
        self.places = nn.Parameter(0.02 * torch.randn(layout.length, dim))
        self.layers = nn.ModuleList(CausalLayer(config) for _ in range(config.layers))

    def forward(self, tokens: torch.Tensor, read: slice = EVERYWHERE) -> torch.Tensor:
        """``[B, length, dim]`` to the same shape, or to those that are read ``[B, R, dim]``.

        The last layer leaves out what is not read, and with it most of its own cost.
        """
        x: torch.Tensor = self.embed(tokens) + self.places
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, self.mask, read if number == len(self.layers) else EVERYWHERE)
        return x


class CausalLayer(nn.Module):
    """Attention and a feed-forward layer, each beside a way around it (pre-norm)."""

    def __init__(self, config: RT1Config) -> None:
        super().__init__()
        dim, inner = config.token_dim, config.heads * config.head_dim
        self.heads, self.dropout = config.heads, config.dropout
        self.before = nn.LayerNorm(dim, eps=EPS)
        self.query_key_value = nn.Linear(dim, 3 * inner)
        self.out = nn.Linear(inner, dim)
        self.between = nn.LayerNorm(dim, eps=EPS)
        self.feed_forward: nn.Module = (
            nn.Linear(dim, dim)
            if config.feed_forward == "linear"
            else SwiGlu(dim, config.feed_forward_dim)
        )
        self.drop = nn.Dropout(config.dropout)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor, read: slice = EVERYWHERE
    ) -> torch.Tensor:
        """``[B, S, dim]`` and ``[S, S]`` to ``[B, S, dim]``, or to the R of them that are read."""
        mixed = self.query_key_value(self.before(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)  # [B, heads, S, head_dim]
        if read is not EVERYWHERE:  # the whole of it as a slice costs a copy in training
            query, mask, x = query[:, :, read], mask[read], x[:, read]
        looked = attend(query, key, value, mask, self.dropout if self.training else 0.0)
        x = x + self.out(looked.transpose(1, 2).flatten(2))
        result: torch.Tensor = x + self.drop(self.feed_forward(self.between(x)))
        return result


class SwiGlu(nn.Module):
    """A gated feed-forward layer (arXiv 2002.05202)."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.gate_and_value = nn.Linear(dim, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, dim, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[..., dim]`` to the same shape."""
        gate, value = self.gate_and_value(x).chunk(2, dim=-1)
        result: torch.Tensor = self.out(F.silu(gate) * value)
        return result
