# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from vla_policy.models.decoder import DECODERS, BinnedDecoder


@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_learns_a_batch_by_heart(name):
    torch.manual_seed(0)
    decoder = DECODERS[name](8, horizon=3, action_dim=2)
    vector, actions = torch.randn(16, 8), torch.rand(16, 3, 2) * 2 - 1
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 400)
    for _ in range(400):
        optimizer.zero_grad()
        decoder.loss(vector, actions).backward()
        optimizer.step()
        falling.step()
    decoded = decoder(vector)
    assert decoded.shape == (16, 3, 2)
    assert decoded.abs().max() <= 1.0
    assert (decoded - actions).abs().mean() < 0.03


def test_of_two_ways_the_binned_decoder_takes_one():
    """A regression would stand still between them."""
    torch.manual_seed(0)
    decoder = BinnedDecoder(4, horizon=1, action_dim=1)
    vector = torch.ones(100, 4)
    actions = torch.where(torch.arange(100) < 55, 0.8, -0.8).reshape(100, 1, 1)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        decoder.loss(vector, actions).backward()
        optimizer.step()
    assert decoder(vector[:1]).item() == pytest.approx(0.8, abs=0.02)


def test_zero_is_a_bin():
    assert BinnedDecoder(1, horizon=1, action_dim=1).centres.abs().min() < 1e-6
