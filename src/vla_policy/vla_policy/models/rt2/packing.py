# SPDX-License-Identifier: Apache-2.0
"""Many texts behind one image: who sees whom, and where each token stands.

An image is as long as several sentences, and it is the same for all that is asked of it. So it is
passed through the language model once, and the texts follow it side by side. Each sees the image
and itself, and counts its places from the image's end, as if it were alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Group:
    """Texts of the same layout behind an image.

    Attributes:
        count: how many there are behind each image.
        prompt: how many of a text's places are its prompt.
        length: all its places.
    """

    count: int
    prompt: int
    length: int


def visible(
    prefix: int, groups: tuple[Group, ...], bidirectional: bool, device: torch.device
) -> torch.Tensor:
    """Which place may see which other, padding aside: ``[L, L]``, True where it may.

    Args:
        prefix: places in front of the texts.
        bidirectional: whether what is in front, and each prompt, also sees what comes after it.
    """
    owner, asked = [torch.zeros(prefix, dtype=torch.long)], [torch.ones(prefix, dtype=torch.bool)]
    first = 1
    for group in groups:
        owners = torch.arange(first, first + group.count)
        owner.append(owners.repeat_interleave(group.length))
        asked.append((torch.arange(group.length) < group.prompt).repeat(group.count))
        first += group.count
    owner_of, in_prompt = torch.cat(owner), torch.cat(asked)
    same = owner_of[:, None] == owner_of[None]
    place = torch.arange(len(owner_of))
    before = place[:, None] >= place[None]
    if bidirectional:
        before = before | (in_prompt[:, None] & in_prompt[None])
    of_image = (owner_of == 0)[None] & (owner_of != 0)[:, None]
    return ((same & before) | of_image).to(device)


def positions(prefix: int, there: Sequence[torch.Tensor]) -> torch.Tensor:
    """Where each token stands, ``[B, L]``; what is no token does not count.

    Args:
        there: for each group ``[B, count, length]``, True where there is a token.
    """
    batch, device = len(there[0]), there[0].device
    parts = [torch.arange(prefix, device=device).expand(batch, -1)]
    for mask in there:
        parts.append((prefix - 1 + mask.long().cumsum(dim=-1)).flatten(1))
    return torch.cat(parts, dim=1)


def attention_mask(seen: torch.Tensor, prefix: int, there: Sequence[torch.Tensor]) -> torch.Tensor:
    """``[B, 1, L, L]``: what `visible` allows, without what is no token.

    Args:
        there: as in `positions`.
    """
    tokens = torch.cat([mask.flatten(1) for mask in there], dim=1)
    all_there = torch.cat([tokens.new_ones(len(tokens), prefix), tokens], dim=1)  # [B, L]
    return (seen & all_there[:, None])[:, None]
