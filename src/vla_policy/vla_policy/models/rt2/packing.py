# SPDX-License-Identifier: Apache-2.0
"""Many texts behind one image, without gaps: who sees whom, and where each token stands.

An image is as long as several sentences, and it is the same for all that is asked of it. So it is
passed through the language model once, and the texts follow it side by side. Each sees the image
and itself, and counts its places from the image's end, as if it were alone.

Sentences are of different lengths: in the tensor that they come in, most of what they are filled
up with is nothing. What there is moves together, as far as the pack is provided for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from vla_policy.models.rt2.behind import TextsBehind

EVEN = 8
"""Kernels of attention want masks whose rows are multiples of this long."""


@dataclass(frozen=True)
class Pack:
    """Texts behind images, Q to each: W tokens an image.

    Attributes:
        tokens: ``[B, W]``.
        there: ``[B, W]`` False where there is no token.
        owner: ``[B, W]`` which of an image's texts a token belongs to, from 1 on.
        asked: ``[B, W]`` True for tokens of prompts, False for those of answers.
        place: ``[B, W]`` where in its text a token stands, not counting gaps.
        sources: ``[B * Q, M]`` the place in the pack that each word of an answer is said from.
        fits: ``[B * Q, M]`` False where that is none, since the pack was full before.
        widest: places of the longest text that there could be.
    """

    tokens: torch.Tensor
    there: torch.Tensor
    owner: torch.Tensor
    asked: torch.Tensor
    place: torch.Tensor
    sources: torch.Tensor
    fits: torch.Tensor
    widest: int


def pack(
    prompt: torch.Tensor, prompt_there: torch.Tensor, answer: torch.Tensor, images: int, most: int
) -> Pack:
    """Texts side by side.

    Args:
        prompt: tokens ``[B * Q, N]``, of which those count that are in `prompt_there`; the last
            one does, for from it the first word of the answer is said.
        answer: tokens ``[B * Q, M]``, negative behind the last.
        images: B.
        most: tokens that are provided for each text, on average over those of an image. What
            goes beyond is left out at the end.
    """
    said = answer[:, :-1]  # nothing follows the last word
    tokens = torch.cat([prompt, said], dim=1)
    there = torch.cat([prompt_there, said >= 0], dim=1)
    texts, length = tokens.shape
    count, device = texts // images, tokens.device
    width = -(-count * min(most, length) // EVEN) * EVEN
    place = there.long().cumsum(dim=1) - 1
    row = torch.arange(count * length, device=device)
    there_in_row = there.view(images, -1)
    rank = there_in_row.long().cumsum(dim=1) - 1  # [B, Q * length]
    target = torch.where(there_in_row, rank.clamp(max=width), width)
    order = torch.zeros(images, width + 1, dtype=torch.long, device=device)
    order = order.scatter(1, target, row.expand(images, -1))[:, :width]  # [B, W]
    first_said = prompt.shape[1] - 1
    sources = rank.view(images, count, length)[:, :, first_said:].flatten(0, 1)
    return Pack(
        tokens=tokens.view(images, -1).gather(1, order),
        there=torch.arange(width, device=device) < there_in_row.sum(dim=1, keepdim=True),
        owner=(row // length + 1)[order],
        asked=(row % length < prompt.shape[1])[order],
        place=place.view(images, -1).gather(1, order),
        sources=sources.clamp(max=width - 1),
        fits=sources < width,
        widest=length,
    )


@dataclass(frozen=True)
class Layout:
    """All that stands behind each other in the language model.

    Attributes:
        mask: ``[B, 1, L, L]`` True where a place may look.
        positions: ``[B, L]``.
        begins: where each of the packs begins.
        texts: how they stand behind the image.
    """

    mask: torch.Tensor
    positions: torch.Tensor
    begins: tuple[int, ...]
    texts: TextsBehind


def lay_out(prefix: int, packs: tuple[Pack, ...], bidirectional: bool) -> Layout:
    """Packs behind images with `prefix` embeddings each.

    Args:
        bidirectional: whether an image, and each prompt, also sees what comes after it.
    """
    tokens = packs[0].tokens
    batch, device = len(tokens), tokens.device
    owners, begins, first, begin = [tokens.new_zeros(batch, prefix)], [], 0, prefix
    for each in packs:
        owners.append(each.owner + first)
        begins.append(begin)
        first += int(each.sources.shape[0]) // batch
        begin += each.tokens.shape[1]
    owner = torch.cat(owners, dim=1)  # [B, L]
    image = owner.new_ones(batch, prefix) > 0
    there = torch.cat([image, *(each.there for each in packs)], dim=1)
    asked = torch.cat([image, *(each.asked for each in packs)], dim=1)
    in_order = torch.arange(begin, device=device)
    allowed = in_order[:, None] >= in_order  # [L, L]
    if bidirectional:
        allowed = allowed | (asked[:, :, None] & asked[:, None])
    own = (owner[:, :, None] == owner[:, None]) & allowed
    of_image = (in_order < prefix) & (in_order >= prefix)[:, None]
    places = torch.arange(prefix, device=device).expand(batch, -1)
    return Layout(
        mask=((own | of_image) & there[:, None])[:, None],
        positions=torch.cat([places, *(prefix + each.place for each in packs)], dim=1),
        begins=tuple(begins),
        texts=TextsBehind(prefix, -(-max(each.widest for each in packs) // EVEN) * EVEN),
    )
