# SPDX-License-Identifier: Apache-2.0
"""Attention of many texts behind one prefix, at little more work than each alone would be."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from vla_policy.models.attention import attend


@dataclass(frozen=True)
class TextsBehind:
    """Texts packed behind a prefix, each of which sees the prefix and of itself what it may.

    Attributes:
        prefix: places of the prefix, which sees nothing of the texts.
        widest: places of the longest text, or more.
    """

    prefix: int
    widest: int


def attend_behind(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    texts: TextsBehind,
    scale: float | None = None,
) -> torch.Tensor:
    """As `attend` of ``[B, heads, L, d]``, without looking at what no text sees.

    The places behind the prefix are taken in blocks as wide as the longest text. What one of
    them sees is in the prefix, in its own block or in one of the two beside it.

    Args:
        mask: ``[B, 1, L, L]``. That texts see all of the prefix is taken for granted.
    """
    prefix, width = texts.prefix, texts.widest
    length = query.shape[2] - prefix
    blocks = -(-length // width)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    first_query, queries = query.split((prefix, length), dim=2)
    first_key, keys = key.split((prefix, length), dim=2)
    first_value, values = value.split((prefix, length), dim=2)
    of_prefix = mask[:, :, :prefix, :prefix]
    first = attend(first_query, first_key, first_value, of_prefix, 0.0, scale)
    queries = F.pad(queries, (0, 0, 0, blocks * width - length)) * scale
    near = queries.unflatten(2, (blocks, width)) @ _neighbours(keys, width, blocks).mT
    near = near + _hidden_near(mask[:, :, prefix:, prefix:], width, blocks, near.dtype)
    scores = torch.cat([queries @ first_key.mT, near.flatten(2, 3)], dim=3)
    weights = scores.softmax(dim=-1).to(value.dtype)
    of_first, of_near = weights.split((prefix, 3 * width), dim=3)
    of_near = of_near.unflatten(2, (blocks, width)) @ _neighbours(values, width, blocks)
    found = of_first @ first_value + of_near.flatten(2, 3)
    return torch.cat([first, found[:, :, :length]], dim=2)


def _neighbours(part: torch.Tensor, width: int, blocks: int) -> torch.Tensor:
    """``[B, heads, length, d]`` in blocks with those beside them, 0 where there is none.

    They are ``[B, heads, blocks, 3 * width, d]``.
    """
    behind = (blocks + 1) * width - part.shape[2]
    padded = F.pad(part, (0, 0, width, behind)).unflatten(2, (blocks + 2, width))
    return torch.cat([padded[:, :, :-2], padded[:, :, 1:-1], padded[:, :, 2:]], dim=3)


def _hidden_near(mask: torch.Tensor, width: int, blocks: int, dtype: torch.dtype) -> torch.Tensor:
    """0 where a place sees another one of its block or of those beside it, else -inf.

    ``[B, 1, length, length]`` to ``[B, 1, blocks, width, 3 * width]``.
    """
    behind = blocks * width - mask.shape[2]
    padded = F.pad(mask, (width, width + behind, 0, behind))
    pairs = padded.unflatten(3, (blocks + 2, width)).unflatten(2, (blocks, width))
    at = torch.arange(blocks, device=mask.device)
    seen = torch.cat([pairs[:, :, at, :, at + by] for by in range(3)], dim=-1).movedim(0, 2)
    return torch.zeros(seen.shape, dtype=dtype, device=mask.device).masked_fill_(~seen, -torch.inf)
