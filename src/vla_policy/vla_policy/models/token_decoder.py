# SPDX-License-Identifier: Apache-2.0
"""Action tokens: what RT-1's transformer gives, to the bins of each value of a chunk."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.action_tokenizer import ROUNDING
from vla_policy.models.causal_transformer import CausalTransformer, SequenceLayout
from vla_policy.models.mean_shift import mean_shift
from vla_policy.models.rt1_config import RT1Config


class TokenDecoder(nn.Module):
    """The transformer, and a head that reads one token for each value of an action.

    The paper's action is one step long, ours a chunk: the token of a value (say `linear.x`) gives
    all steps of it at once, a distribution over the bins each. With a horizon of 1 that is the
    paper's head.

    `forward` and `loss` take what `RT1.fuse` gives, ``[B, N, dim]``: first the tokens that the
    values are read from. Autoregressive ones run the transformer again with the values known so
    far, so the transformer's inputs lie at the end then.
    """

    def __init__(self, config: RT1Config, layout: SequenceLayout) -> None:
        super().__init__()
        self.layout = layout
        self.horizon, self.bins = config.horizon, config.bins
        self.autoregressive = config.autoregressive
        self.mean = config.decoding == "mean"
        self.transformer = CausalTransformer(config, layout)
        self.continuous = config.actions == "continuous"
        each = 1 if self.continuous else config.bins
        self.head = nn.Linear(config.token_dim, config.horizon * each)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.embed = (
            nn.Linear(config.horizon * config.bins, config.token_dim)
            if config.autoregressive
            else None
        )

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        """What `RT1.fuse` gives to ``[B, horizon, action_dim]`` in [-1, 1]."""
        if self.continuous:
            return torch.tanh(self._read(vector)[..., 0])
        logits = self.logits(vector)
        if self.mean:
            values = from_bins(torch.arange(self.bins, device=logits.device), self.bins)
            return mean_shift(logits.softmax(dim=-1), values)
        return from_bins(logits.argmax(dim=-1), self.bins)

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Cross-entropy (or squared distance) to ``[B, horizon, action_dim]``: a scalar."""
        if self.continuous:
            return F.mse_loss(self(vector), actions)
        return self.token_loss(vector, to_bins(actions, self.bins))

    def token_loss(self, vector: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Cross-entropy to the tokens ``[B, horizon, action_dim]``: a scalar.

        For values that are no numbers, such as the paper's modes
        (`vla_policy.action_tokenizer`).
        """
        logits = self._read(vector, tokens)
        return F.cross_entropy(logits.flatten(0, 2), tokens.flatten())

    def tokens(self, vector: torch.Tensor) -> torch.Tensor:
        """The likeliest tokens ``[B, horizon, action_dim]``."""
        return self.logits(vector).argmax(dim=-1)

    def logits(self, vector: torch.Tensor) -> torch.Tensor:
        """Of every bin ``[B, horizon, action_dim, bins]``."""
        return self._spoken(vector) if self.autoregressive else self._read(vector)

    def _read(self, vector: torch.Tensor, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Logits ``[B, horizon, action_dim, bins]``, where the tokens are known, given these."""
        read = vector[:, : self.layout.action_tokens]  # [B, action_dim, dim]
        if self.embed is not None and tokens is not None:
            inputs = vector[:, -self.layout.length :]
            known = F.one_hot(tokens.transpose(1, 2), self.bins).flatten(2)  # [B, A, h * bins]
            actions = self.embed(known.to(inputs.dtype))
            before = inputs[:, : self.layout.actions.start]
            read = self.transformer(torch.cat([before, actions], dim=1), self.layout.readings)
        values = self.head(read).unflatten(-1, (self.horizon, -1))  # [B, A, horizon, bins]
        return values.transpose(1, 2)

    def _spoken(self, vector: torch.Tensor) -> torch.Tensor:
        """Logits as in `_read`, each value's given the likeliest of the values before it."""
        count = self.layout.action_tokens
        logits = self._read(vector)
        tokens = logits.argmax(dim=-1)  # [B, horizon, action_dim]
        for _ in range(1, count):
            # After the n-th round the first n + 1 values are final; the rest is looked at by none.
            logits = self._read(vector, tokens)
            tokens = logits.argmax(dim=-1)
        return logits


def to_bins(values: torch.Tensor, bins: int) -> torch.Tensor:
    """Values in [-1, 1] to the numbers of their bins, clipped.

    As in `vla_policy.action_tokenizer`: the last bin holds the largest value alone.
    """
    return ((values.clamp(-1.0, 1.0) + 1.0) * ((bins - 1) / 2) + ROUNDING).long()


def from_bins(tokens: torch.Tensor, bins: int) -> torch.Tensor:
    """The lowest value of each bin, in [-1, 1]."""
    return tokens.float() * (2 / (bins - 1)) - 1.0
