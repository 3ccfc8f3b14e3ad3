# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
import torch.nn.functional as F

from vla_policy.models.attention import attend


def tensors(dtype, trained):
    draw = torch.Generator().manual_seed(0)
    shapes = ((2, 4, 5, 8), (2, 4, 7, 8), (2, 4, 7, 8))
    return [
        torch.randn(shape, generator=draw).to(dtype).requires_grad_(trained) for shape in shapes
    ]


@pytest.mark.parametrize(
    "mask",
    [
        None,
        torch.arange(7) < torch.tensor([[[[4]]], [[[7]]]]),  # texts of 4 and of 7 words
        torch.ones(5, 7, dtype=torch.bool).tril(2),
    ],
)
@pytest.mark.parametrize("scale", [None, 0.1])
@pytest.mark.parametrize("trained", [True, False])
def test_attention_is_the_same_however_it_is_computed(mask, trained, scale):
    exact = tensors(torch.float32, trained=True)
    rounded = tensors(torch.bfloat16, trained)
    expected = F.scaled_dot_product_attention(*exact, attn_mask=mask, scale=scale)
    found = attend(*rounded, mask, scale=scale)
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), expected, atol=3e-2)
    if not trained:
        return
    expected.square().sum().backward()
    found.float().square().sum().backward()
    for one, other in zip(exact, rounded, strict=True):
        assert torch.allclose(other.grad.float(), one.grad, atol=0.15)
