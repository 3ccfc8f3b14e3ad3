# SPDX-License-Identifier: Apache-2.0
"""Fusion: features of images, a sentence's vectors and the robot's own state to one vector."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn

from vla_policy.memory import MEMORY_DIM
from vla_policy.models.attention import HEADS, TransformerBlock, attend, silence
from vla_policy.pose import STATE_DIM

BODY_DIM = STATE_DIM + MEMORY_DIM
"""Pose since the present part of the sentence began, then the memory; see `vla_policy.memory`."""
BODY_FEATURES = 16
LAYOUT_CHANNELS = 16
LAYOUT_DIM = 96
FREQUENCIES = 4


class Fused(NamedTuple):
    """What a fusion gives.

    Attributes:
        vector: ``[B, dim]``, from which everything else is decoded.
        attention: ``[B, h * w + 1]`` logits of where in the newest image the thing is that
            the sentence names, row by row; the last one says: not in view.
        ranges: ``[N, RANGES]`` or ``[B, RANGES]`` how far it is free [m], see
            `vla_policy.surroundings`; None of networks that do not say it.
    """

    vector: torch.Tensor
    attention: torch.Tensor
    ranges: torch.Tensor | None = None


class CrossAttentionFusion(nn.Module):
    """The sentence asks, the image answers, several times over.

    The sentence's vectors and one of the robot's own state look at the cells of the feature
    map and at each other in turn (a transformer decoder, arXiv 1706.03762, section 3.1): first
    *where is the ball*, then *which box is left of that*. In the end one pointer says where the
    named thing is, and what is there is read off. What lies on the way is read from the whole
    map, whatever the sentence.

    Keys and values do not depend on the sentence: one image can be asked many questions at
    little more than the cost of one, which training makes use of.
    """

    positions: torch.Tensor
    waves: torch.Tensor

    def __init__(
        self,
        channels: int,
        language_dim: int,
        slots: int,
        grid: tuple[int, int],
        history: int = 1,
        dim: int = 256,
        width: int = 96,
        layers: int = 2,
    ) -> None:
        super().__init__()
        self.dim = dim
        positions = cell_positions(*grid)
        self.register_buffer("positions", positions, persistent=False)  # [h * w, 2]
        self.register_buffer("waves", cell_waves(positions), persistent=False)
        self.cells = nn.Linear(channels, width)
        self.place = nn.Linear(self.waves.shape[1], width)
        self.ages = nn.Parameter(torch.zeros(history, 1, width))
        self.words = nn.Linear(language_dim, width)
        self.body = nn.Sequential(
            nn.Linear(BODY_FEATURES, width), nn.GELU(), nn.Linear(width, width)
        )
        self.layers = nn.ModuleList(LookAndThink(width) for _ in range(layers))
        self.settle = nn.LayerNorm(width)
        tokens = (slots + 1) * width
        self.point = nn.Linear(tokens, width)
        self.absent = nn.Linear(tokens, 1)
        self.layout = Layout(channels, grid)
        self.merge = nn.Sequential(
            nn.Linear(tokens + width + 3 + LAYOUT_DIM + BODY_FEATURES, 2 * dim),
            nn.ReLU(inplace=True),
            nn.Linear(2 * dim, dim),
            nn.ReLU(inplace=True),
        )

    def forward(self, features: torch.Tensor, language: torch.Tensor, body: torch.Tensor) -> Fused:
        """``features`` [N, T, C, h, w], ``language`` [B, S, D], ``body`` [B, BODY_DIM].

        B is a multiple of N: each image's sentences follow each other.
        """
        images = len(features)
        x = self.cells(features.flatten(3).transpose(2, 3)) + self.place(self.waves)
        x = (x + self.ages).flatten(1, 2)  # [N, T * h * w, width]
        own = body_features(body)  # [B, BODY_FEATURES]
        tokens = torch.cat([self.words(language), self.body(own)[:, None]], dim=1)
        for layer in self.layers:
            tokens = layer(tokens, x)
        tokens = self.settle(tokens).flatten(1)  # [B, (S + 1) * width]
        newest = x[:, -len(self.positions) :]  # [N, h * w, width]
        pointer = self.point(tokens).view(images, -1, newest.shape[-1])  # [N, Q, width]
        logits = pointer @ newest.transpose(1, 2) / math.sqrt(newest.shape[-1])  # [N, Q, h * w]
        weights = logits.softmax(dim=-1)
        looked_at = (weights @ newest).flatten(0, 1)
        looked_where = (weights @ self.positions).flatten(0, 1)
        attention = torch.cat([logits.flatten(0, 1), self.absent(tokens)], dim=-1)
        unseen = attention.softmax(dim=-1)[:, -1:]
        layout = self.layout(features[:, -1])
        layout = layout.repeat_interleave(len(language) // images, dim=0)
        seen = torch.cat([tokens, looked_at, looked_where, unseen, layout, own], dim=1)
        return Fused(self.merge(seen), attention)


class LookAndThink(nn.Module):
    """Tokens look at the cells of their image, then at each other.

    It begins by leaving them as they are: so a network can be made deeper that has learnt already.
    """

    def __init__(self, width: int, heads: int = HEADS) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.think = TransformerBlock(width, heads)
        self.think.begin_silent()
        silence(self.out)

    def forward(self, tokens: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """``[B, M, width]`` and ``[N, P, width]`` to ``[B, M, width]``; B is a multiple of N."""
        images, width = len(cells), cells.shape[-1]
        key, value = self.key_value(cells).chunk(2, dim=-1)
        # All tokens of all sentences of an image look at it together.
        query = self.query(self.norm(tokens)).reshape(images, -1, width)  # [N, Q * M, width]
        looked = attend(self._split(query), self._split(key), self._split(value))
        looked = looked.transpose(1, 2).reshape(tokens.shape)
        result: torch.Tensor = self.think(tokens + self.out(looked))
        return result

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FilmFusion(nn.Module):
    """FiLM blocks over the feature map, then a pointer that says where the thing is."""

    positions: torch.Tensor

    def __init__(
        self,
        channels: int,
        language_dim: int,
        slots: int,
        grid: tuple[int, int],
        history: int = 1,
        dim: int = 256,
        blocks: int = 3,
    ) -> None:
        super().__init__()
        self.dim = dim
        condition = slots * language_dim + BODY_FEATURES
        self.register_buffer("positions", cell_positions(*grid), persistent=False)  # [h * w, 2]
        self.place = nn.Conv2d(2, channels, 1)
        self.blocks = nn.ModuleList(FilmBlock(channels, condition) for _ in range(blocks))
        self.pointer = nn.Conv2d(channels, 1, 1)
        self.absent = nn.Linear(channels + condition, 1)
        self.merge = nn.Sequential(
            nn.Linear(history * (2 * channels + 3) + condition, 2 * dim),
            nn.ReLU(inplace=True),
            nn.Linear(2 * dim, dim),
            nn.ReLU(inplace=True),
        )

    def forward(self, features: torch.Tensor, language: torch.Tensor, body: torch.Tensor) -> Fused:
        """As in `CrossAttentionFusion`; each sentence costs a pass of its own."""
        condition = torch.cat([language.flatten(1), body_features(body)], dim=1)
        batch = len(condition)
        features = features.repeat_interleave(batch // len(features), dim=0)
        steps, _, height, width = features.shape[1:]
        told = condition.repeat_interleave(steps, dim=0)  # [B * T, D]
        x = features.flatten(0, 1)  # [B * T, C, h, w]
        x = x + self.place(self.positions.T.reshape(1, 2, height, width))
        for block in self.blocks:
            x = block(x, told)
        cells = x.flatten(2)  # [B * T, C, h * w]
        highest = cells.amax(dim=2)  # [B * T, C]
        logits = self.pointer(x).flatten(1)  # [B * T, h * w]
        weights = logits.softmax(dim=1)
        looked_at = torch.einsum("np,ncp->nc", weights, cells)
        absent = self.absent(torch.cat([highest, told], dim=1))
        attention = torch.cat([logits, absent], dim=1)  # [B * T, h * w + 1]
        unseen = attention.softmax(dim=1)[:, -1:]
        seen = torch.cat([looked_at, weights @ self.positions, highest, unseen], dim=1)
        vector = self.merge(torch.cat([seen.view(batch, -1), condition], dim=1))
        return Fused(vector, attention.view(batch, steps, -1)[:, -1])


class ConcatFusion(nn.Module):
    """The plainest one: everything side by side into one network, which has to do it all."""

    def __init__(
        self,
        channels: int,
        language_dim: int,
        slots: int,
        grid: tuple[int, int],
        history: int = 1,
        dim: int = 256,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.layout = Layout(channels, grid, outputs=2 * dim)
        self.merge = nn.Sequential(
            nn.Linear(history * 2 * dim + slots * language_dim + BODY_FEATURES, 2 * dim),
            nn.ReLU(inplace=True),
            nn.Linear(2 * dim, dim),
            nn.ReLU(inplace=True),
        )
        self.attention = nn.Linear(dim, grid[0] * grid[1] + 1)

    def forward(self, features: torch.Tensor, language: torch.Tensor, body: torch.Tensor) -> Fused:
        """As in `CrossAttentionFusion`."""
        images = len(features)
        seen = self.layout(features.flatten(0, 1)).view(images, -1)
        seen = seen.repeat_interleave(len(language) // images, dim=0)
        told = [language.flatten(1), body_features(body)]
        vector = self.merge(torch.cat([seen, *told], dim=1))
        return Fused(vector, self.attention(vector))


class FilmBlock(nn.Module):
    """A residual block whose middle is scaled and shifted by the sentence.

    FiLM, arXiv 1709.07871, section 3; it starts as the identity (gamma = 1, beta = 0).
    """

    def __init__(self, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.film = nn.Linear(condition_dim, 2 * channels)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """``x`` [N, C, h, w] and ``condition`` [N, D] to [N, C, h, w]."""
        x = torch.relu(self.mix(x))
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)  # [N, C, 1, 1]
        return x + torch.relu(self.norm(self.conv(x)) * (1 + scale) + shift)


class Layout(nn.Module):
    """What stands where in the image, coarsely, as one vector: there is always a way to find."""

    def __init__(self, channels: int, grid: tuple[int, int], outputs: int = LAYOUT_DIM) -> None:
        super().__init__()
        rows, columns = ((size + 1) // 2 for size in grid)
        self.network = nn.Sequential(
            nn.Conv2d(channels, channels // 2, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, LAYOUT_CHANNELS, 1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(LAYOUT_CHANNELS * rows * columns, outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """``[N, C, h, w]`` to ``[N, outputs]``."""
        vector: torch.Tensor = self.network(features)
        return vector


FUSIONS = {
    "cross_attention": CrossAttentionFusion,
    "film": FilmFusion,
    "concatenation": ConcatFusion,
}
"""Fusions by the names that configurations know them by."""


def body_features(body: torch.Tensor) -> torch.Tensor:
    """``[B, BODY_DIM]`` (x, y, heading; known, x, y) to ``[B, BODY_FEATURES]`` of unit size.

    Far from the start the exact distance says nothing about what to do, so it saturates.
    """
    if body.shape[-1] != BODY_DIM:
        raise ValueError(f"expected a body of shape [B, {BODY_DIM}], got {list(body.shape)}")
    x, y, heading, known, ahead, left = body.unbind(dim=-1)
    moved = [torch.tanh(2 * x), torch.tanh(2 * y), torch.tanh(x / 2), torch.tanh(y / 2)]
    turned = [torch.tanh(heading / torch.pi), torch.tanh(heading / 8.0)]
    away = torch.sqrt(ahead * ahead + left * left + 1e-6)
    there = [
        known,
        torch.tanh(ahead),
        torch.tanh(left),
        torch.tanh(ahead / 4),
        torch.tanh(left / 4),
        known * torch.exp(-away),
        known * ahead / away,
        known * left / away,
    ]
    features = [*moved, *turned, torch.sin(heading), torch.cos(heading), *there]
    return torch.stack(features, dim=-1)


def cell_positions(height: int, width: int) -> torch.Tensor:
    """Column and row of each cell in [-1, 1]: ``[h * w, 2]``."""
    rows = torch.linspace(-1, 1, height)
    columns = torch.linspace(-1, 1, width)
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)  # [h, w, 2]
    return grid.reshape(-1, 2)


def cell_waves(positions: torch.Tensor) -> torch.Tensor:
    """Positions ``[P, 2]`` as themselves and sines of several lengths: ``[P, 2 + 4 * F]``."""
    factors = math.pi * 2.0 ** torch.arange(FREQUENCIES) / 2
    angles = (positions[..., None] * factors).flatten(1)
    return torch.cat([positions, angles.sin(), angles.cos()], dim=1)
