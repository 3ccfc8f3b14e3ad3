# SPDX-License-Identifier: Apache-2.0
"""Attention of texts behind an image: the same as of all with all under the mask."""

import pytest
import torch

from vla_policy.models.attention import attend
from vla_policy.models.rt2.behind import TextsBehind, attend_behind
from vla_policy.models.rt2.packing import EVEN, lay_out, pack

PREFIX, LONGEST_PROMPT, LONGEST_ANSWER = 6, 7, 4


def packed(bidirectional, texts, most, images=3):
    """Texts of all lengths from 1 prompt token and 1 word on."""
    draw = torch.Generator().manual_seed(texts)
    prompt = torch.randint(1, 50, (images * texts, LONGEST_PROMPT), generator=draw)
    there = torch.rand(prompt.shape, generator=draw) < 0.7
    there[:, -1] = True
    answer = torch.randint(1, 50, (images * texts, LONGEST_ANSWER), generator=draw)
    ends = torch.randint(1, LONGEST_ANSWER + 1, (images * texts, 1), generator=draw)
    answer[torch.arange(LONGEST_ANSWER) >= ends] = -1
    # The second pack is of other texts, as questions are beside lessons.
    packs = (
        pack(prompt, there, answer, images, most),
        pack(prompt[:, -3:], there[:, -3:], answer[:, :2], images, 4),
    )
    return lay_out(PREFIX, packs, bidirectional)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("texts", "most"), [(1, 10), (2, 10), (9, 10), (9, 5), (30, 7)])
def test_texts_behind_an_image_see_the_same_and_teach_the_same(bidirectional, texts, most):
    layout = packed(bidirectional, texts, most)
    draw = torch.Generator().manual_seed(1)
    length = layout.mask.shape[-1]
    given = [torch.randn(3, 4, length, 8, generator=draw, dtype=torch.float64) for _ in range(3)]
    whole, blocks = ([part.clone().requires_grad_() for part in given] for _ in range(2))
    # What stands in a gap looks at nothing that means anything, and nobody looks at it.
    there = layout.mask[:, 0].diagonal(dim1=1, dim2=2)[:, None, :, None]
    expected = attend(*whole, layout.mask, scale=0.3) * there
    found = attend_behind(*blocks, layout.mask, layout.texts, scale=0.3) * there
    torch.testing.assert_close(found, expected)
    expected.square().sum().backward()
    found.square().sum().backward()
    for one, other in zip(blocks, whole, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_blocks_need_be_no_wider_than_the_longest_text():
    layout = packed(bidirectional=True, texts=9, most=10)
    longest = LONGEST_PROMPT + LONGEST_ANSWER - 1
    assert layout.texts.prefix == PREFIX
    assert longest <= layout.texts.widest < longest + EVEN
    draw = torch.Generator().manual_seed(1)
    given = torch.randn(3, 4, layout.mask.shape[-1], 8, generator=draw)
    narrow = TextsBehind(PREFIX, 2)
    there = layout.mask[:, 0].diagonal(dim1=1, dim2=2)[:, None, :, None]
    expected = attend(given, given, given, layout.mask) * there
    assert not torch.allclose(
        attend_behind(given, given, given, layout.mask, narrow) * there, expected, atol=1e-3
    )
