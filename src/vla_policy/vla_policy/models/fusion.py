# SPDX-License-Identifier: Apache-2.0
"""Fusion: features of images, a sentence's vector and the relative pose to one vector."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from vla_policy.pose import STATE_DIM

POSE_FEATURES = 8
LAYOUT_CHANNELS = 16
LAYOUT_DIM = 96


class Fused(NamedTuple):
    """What a fusion gives.

    Attributes:
        vector: ``[B, dim]``, from which the actions are decoded.
        attention: ``[B, h * w + 1]`` logits of where in the newest image the thing is that
            the sentence names, row by row; the last one says: not in view.
    """

    vector: torch.Tensor
    attention: torch.Tensor


class PlacedFusion(nn.Module):
    """What fusions share: each cell of the feature map is told where in the image it is."""

    positions: torch.Tensor

    def __init__(self, channels: int, grid: tuple[int, int], dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.register_buffer("positions", _positions(*grid), persistent=False)  # [h * w, 2]
        self.place = nn.Conv2d(2, channels, 1)

    def placed(self, features: torch.Tensor) -> torch.Tensor:
        """``[N, T, C, h, w]`` to ``[N * T, C, h, w]``."""
        x = features.flatten(0, 1)
        told: torch.Tensor = x + self.place(self.positions.T.reshape(1, 2, *x.shape[-2:]))
        return told


class CrossAttentionFusion(PlacedFusion):
    """The sentence asks, the image answers.

    Queries are made of the sentence, keys and values of the cells of the feature map
    (arXiv 1706.03762, section 3.2). The first head is taught where the named thing is. What
    lies on the way there is read from the whole map, whatever the sentence.

    Keys and values do not depend on the sentence: one image can be asked many questions at
    little more than the cost of one, which training makes use of.
    """

    def __init__(
        self,
        channels: int,
        language_dim: int,
        grid: tuple[int, int],
        history: int = 1,
        heads: int = 4,
        dim: int = 256,
    ) -> None:
        super().__init__(channels, grid, dim)
        self.heads = heads
        self.mix = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.ReLU(inplace=True))
        self.key = nn.Conv2d(channels, heads * channels, 1)
        self.query = nn.Linear(language_dim, heads * channels)
        self.absent = nn.Linear(language_dim, 1)
        self.layout = Layout(channels, grid)
        self.motion = Motion(language_dim, dim)
        seen = history * (heads * (channels + 2) + LAYOUT_DIM + 1)
        self.merge = nn.Sequential(
            nn.Linear(seen + language_dim + dim, 2 * dim),
            nn.ReLU(inplace=True),
            nn.Linear(2 * dim, dim),
            nn.ReLU(inplace=True),
        )

    def forward(
        self, features: torch.Tensor, language: torch.Tensor, state: torch.Tensor
    ) -> Fused:
        """``features`` [N, T, C, h, w], ``language`` [B, D], ``state`` [B, 3].

        B is a multiple of N: each image's sentences follow each other.
        """
        images, steps, channels = features.shape[:3]
        asked = len(language) // images
        x = self.mix(self.placed(features))  # [N * T, C, h, w]
        values = x.flatten(2).view(images, 1, steps, channels, -1)  # [N, 1, T, C, h * w]
        keys = self.key(x).view(images, 1, steps, self.heads, channels, -1)
        query = self.query(language).view(images, asked, 1, self.heads, channels)
        logits = torch.einsum("nqthc,nathcp->nqthp", query.expand(-1, -1, steps, -1, -1), keys)
        logits = logits / channels**0.5  # [N, Q, T, heads, h * w]
        weights = logits.softmax(dim=-1)
        looked_at = torch.einsum("nqthp,natcp->nqthc", weights, values)
        looked_where = weights @ self.positions  # [N, Q, T, heads, 2]
        absent = self.absent(language).view(images, asked, 1, 1).expand(-1, -1, steps, -1)
        attention = torch.cat([logits[:, :, :, 0], absent], dim=-1)  # [N, Q, T, h * w + 1]
        unseen = attention.softmax(dim=-1)[..., -1:]
        layout = self.layout(x).view(images, 1, steps, -1).expand(-1, asked, -1, -1)
        answers = [looked_at.flatten(3), looked_where.flatten(3), layout, unseen]
        seen = torch.cat(answers, dim=-1).reshape(len(language), -1)  # [B, T * ...]
        moved = self.motion(language, state)  # [B, dim]
        vector = self.merge(torch.cat([seen, language, moved], dim=1))
        return Fused(vector, attention[:, :, -1].flatten(0, 1))


class FilmFusion(PlacedFusion):
    """FiLM blocks over the feature map, then attention that says where the thing is."""

    def __init__(
        self,
        channels: int,
        language_dim: int,
        grid: tuple[int, int],
        history: int = 1,
        blocks: int = 3,
        heads: int = 4,
        dim: int = 256,
    ) -> None:
        super().__init__(channels, grid, dim)
        self.blocks = nn.ModuleList(FilmBlock(channels, language_dim) for _ in range(blocks))
        self.heads = nn.Conv2d(channels, heads, 1)
        self.absent = nn.Linear(channels + language_dim, 1)
        self.motion = Motion(language_dim, dim)
        pooled = history * (heads * (channels + 2) + channels + 1)
        self.merge = nn.Sequential(
            nn.Linear(pooled + language_dim + dim, dim), nn.ReLU(inplace=True)
        )

    def forward(
        self, features: torch.Tensor, language: torch.Tensor, state: torch.Tensor
    ) -> Fused:
        """As in `CrossAttentionFusion`; each sentence costs a pass of its own."""
        batch = len(language)
        features = features.repeat_interleave(batch // len(features), dim=0)
        steps = features.shape[1]
        condition = language.repeat_interleave(steps, dim=0)
        x = self.placed(features)  # [B * T, C, h, w]
        for block in self.blocks:
            x = block(x, condition)
        cells = x.flatten(2)  # [B * T, C, h * w]
        highest = cells.amax(dim=2)  # [B * T, C]
        logits = self.heads(x).flatten(2)  # [B * T, heads, h * w]
        absent = self.absent(torch.cat([highest, condition], dim=1))  # [B * T, 1]
        weights = logits.softmax(dim=2)
        looked_at = torch.einsum("nkp,ncp->nkc", weights, cells).flatten(1)
        looked_where = (weights @ self.positions).flatten(1)
        attention = torch.cat([logits[:, 0], absent], dim=1)  # [B * T, h * w + 1]
        unseen = attention.softmax(dim=1)[:, -1:]
        seen = torch.cat([looked_at, looked_where, highest, unseen], dim=1)
        seen = seen.view(batch, -1)  # [B, T * ...]
        moved = self.motion(language, state)  # [B, dim]
        vector = self.merge(torch.cat([seen, language, moved], dim=1))
        return Fused(vector, attention.view(batch, steps, -1)[:, -1])


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

    def __init__(self, channels: int, grid: tuple[int, int]) -> None:
        super().__init__()
        rows, columns = ((size + 1) // 2 for size in grid)
        self.network = nn.Sequential(
            nn.Conv2d(channels, channels // 2, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, LAYOUT_CHANNELS, 1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(LAYOUT_CHANNELS * rows * columns, LAYOUT_DIM),
            nn.ReLU(inplace=True),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """``[N, C, h, w]`` to ``[N, LAYOUT_DIM]``."""
        vector: torch.Tensor = self.network(features)
        return vector


class Motion(nn.Module):
    """The sentence and the pose together: they say when a turn or a move is done."""

    def __init__(self, language_dim: int, dim: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(language_dim + POSE_FEATURES, dim),
            nn.ReLU(inplace=True),
            nn.Linear(dim, dim),
            nn.ReLU(inplace=True),
        )

    def forward(self, language: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """``[B, D]`` and ``[B, 3]`` to ``[B, dim]``."""
        vector: torch.Tensor = self.network(torch.cat([language, pose_features(state)], dim=1))
        return vector


def pose_features(state: torch.Tensor) -> torch.Tensor:
    """``[B, 3]`` (x, y, heading) to ``[B, 8]`` of about unit size.

    Far from the start the exact distance says nothing about what to do, so it saturates.
    """
    if state.shape[-1] != STATE_DIM:
        raise ValueError(f"expected a state of shape [B, {STATE_DIM}], got {list(state.shape)}")
    x, y, heading = state.unbind(dim=-1)
    near = [torch.tanh(2 * x), torch.tanh(2 * y)]
    far = [torch.tanh(x), torch.tanh(y)]
    turned = [torch.tanh(heading / torch.pi), torch.tanh(heading / 8.0)]
    return torch.stack([*near, *far, *turned, torch.sin(heading), torch.cos(heading)], dim=-1)


def _positions(height: int, width: int) -> torch.Tensor:
    """Column and row of each cell in [-1, 1]: ``[h * w, 2]``."""
    rows = torch.linspace(-1, 1, height)
    columns = torch.linspace(-1, 1, width)
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)  # [h, w, 2]
    return grid.reshape(-1, 2)
