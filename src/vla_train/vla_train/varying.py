# SPDX-License-Identifier: Apache-2.0
"""Changes of how images look, each in its own way, that change nothing of what they show.

Lamps differ in strength and colour and stand to one side; cameras in contrast and sharpness.
Colours stay what a person would call them: sentences name them.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

BRIGHTNESS = 0.25
"""Spread of the logarithm of what an image's brightness is multiplied by."""
TINT = 0.08
"""Spread of what each colour is multiplied by."""
CONTRAST = 0.15
"""Spread of the logarithm of what is left of each pixel's difference to the image's mean."""
SLOPE = 0.15
"""Spread of the logarithm of how much brighter an edge of the image is than its middle."""
BLURRED = 0.3
"""Share of images that are not quite sharp."""


def draw_looks(rng: np.random.Generator, size: int) -> torch.Tensor:
    """How `size` images are to be changed: ``[size, 7]`` numbers for `vary`."""
    gain = np.exp(BRIGHTNESS * rng.standard_normal((size, 1)))
    tint = 1 + TINT * rng.standard_normal((size, 3))
    contrast = np.exp(CONTRAST * rng.standard_normal((size, 1)))
    slopes = SLOPE * rng.standard_normal((size, 2))
    blur = rng.random((size, 1)) * (rng.random((size, 1)) < BLURRED)
    columns = np.concatenate([gain * tint, contrast, slopes, blur], axis=1)
    return torch.from_numpy(columns.astype(np.float32))


def vary(images: torch.Tensor, looks: torch.Tensor) -> torch.Tensor:
    """Change images ``[N, T, 3, H, W]`` in [0, 1], all T of one in the same way.

    Args:
        looks: ``[N, 7]`` of `draw_looks`, on the device of the images.
    """
    height, width = images.shape[-2:]
    by = looks[:, :, None, None, None]
    contrast, down, across, blur = (by[:, column : column + 1] for column in range(3, 7))
    gains = looks[:, None, :3, None, None]
    mean = images.mean(dim=(1, 2, 3, 4), keepdim=True)
    rows = torch.linspace(-1, 1, height, device=images.device)[:, None]
    columns = torch.linspace(-1, 1, width, device=images.device)
    light = torch.exp(down * rows + across * columns)
    flat = images.flatten(0, 1)
    soft = F.avg_pool2d(F.pad(flat, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    images = torch.lerp(images, soft.view_as(images), blur.expand_as(images))
    images = mean + contrast * (images - mean)
    return (images * gains * light).clamp_(0.0, 1.0)
