# SPDX-License-Identifier: Apache-2.0
import numpy as np
import torch

from vla_train.varying import draw_looks, vary

NOTHING = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]])


def pictures(count, steps=1):
    return torch.rand(count, steps, 3, 12, 16, generator=torch.Generator().manual_seed(0))


def test_looks_that_change_nothing_leave_images_as_they_are():
    images = pictures(2)
    assert torch.allclose(vary(images, NOTHING.expand(2, -1)), images, atol=1e-6)


def test_images_of_one_history_are_changed_alike():
    images = pictures(3).expand(-1, 2, -1, -1, -1)
    varied = vary(images, draw_looks(np.random.default_rng(0), 3))
    assert torch.equal(varied[:, 0], varied[:, 1])
    assert not torch.allclose(varied[0], images[0])
    assert varied.min() >= 0 and varied.max() <= 1


def test_each_image_looks_the_same_whatever_is_beside_it():
    images, looks = pictures(4), draw_looks(np.random.default_rng(1), 4)
    assert torch.allclose(vary(images[1:2], looks[1:2]), vary(images, looks)[1:2], atol=1e-6)


def test_light_from_the_right_brightens_the_right():
    grey = torch.full((1, 1, 3, 12, 16), 0.4)
    looks = NOTHING.clone()
    looks[:, 5] = 0.3
    varied = vary(grey, looks)[0, 0, 0]
    assert (varied.diff(dim=1) > 0).all()
    assert torch.allclose(varied, varied[:1].expand_as(varied))
