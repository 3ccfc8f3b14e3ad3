# SPDX-License-Identifier: Apache-2.0
"""Vision encoders: images to maps of features."""

from __future__ import annotations

import torch
from torch import nn


class ConvEncoder(nn.Module):
    """Two strided convolutions and a residual block: an eighth of the image's resolution.

    The first convolution takes a quarter of the resolution at once: what comes after it costs
    a quarter as much as with two steps of two, on a processor without a GPU.

    Attributes:
        channels: depth of the feature map.
        stride: pixels a cell of the map covers in each direction.
    """

    stride = 8

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.channels = channels
        self.stem = nn.Sequential(
            *_conv(3, channels * 3 // 4, kernel=7, stride=4),
            *_conv(channels * 3 // 4, channels, kernel=3, stride=2),
        )
        self.block = nn.Sequential(*_conv(channels, channels, kernel=3, stride=1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``[N, 3, H, W]`` in [0, 1] to features ``[N, channels, H/8, W/8]``."""
        features = self.stem(images - 0.5)
        return features + self.block(features)


def _conv(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
