# SPDX-License-Identifier: Apache-2.0
"""Vision encoders: images to maps of features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.models.attention import TransformerBlock
from vla_policy.models.config import STRIDE


class ConvEncoder(nn.Module):
    """A small residual network whose map has an eighth of the image's resolution.

    A second path at a sixteenth tells what a thing is that fills half the image, at a quarter
    of the cost; its answer is added to the finer map, which tells where it is.

    Attributes:
        channels: depth of the feature map.
        stride: pixels a cell of the map covers in each direction.

    Args:
        blocks: residual blocks at the finer resolution.
    """

    stride = STRIDE

    def __init__(self, channels: int = 64, blocks: int = 1) -> None:
        super().__init__()
        self.channels = channels
        self.stem = nn.Sequential(
            *_conv(3, channels // 4, kernel=5, stride=2),
            *_conv(channels // 4, channels // 2, kernel=3, stride=2),
            *_conv(channels // 2, channels, kernel=3, stride=2),
        )
        self.fine = ResidualBlock(channels)
        self.finer = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks - 1)))
        self.coarse = nn.Sequential(
            *_conv(channels, 2 * channels, kernel=3, stride=2),
            ResidualBlock(2 * channels),
            nn.Conv2d(2 * channels, channels, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``[N, 3, H, W]`` in [0, 1] to features ``[N, channels, H/8, W/8]``."""
        fine = self.finer(self.fine(self.stem(images - 0.5)))
        coarse = F.interpolate(self.coarse(fine), size=fine.shape[-2:], mode="nearest")
        return torch.relu(fine + coarse)


class VitEncoder(nn.Module):
    """A small vision transformer (arXiv 2010.11929, section 3.1) over patches of 8 x 8 pixels.

    Places are told by a depthwise convolution instead of a table, so that it takes images of
    any size (arXiv 2102.10882, section 3.2).
    """

    stride = STRIDE

    def __init__(self, channels: int = 64, blocks: int = 4) -> None:
        super().__init__()
        self.channels = channels
        self.patches = nn.Conv2d(3, channels, self.stride, self.stride)
        self.places = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.blocks = nn.ModuleList(TransformerBlock(channels) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """As in `ConvEncoder`."""
        x = self.patches(images - 0.5)
        x = x + self.places(x)
        tokens = x.flatten(2).transpose(1, 2)  # [N, h * w, C]
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens).transpose(1, 2).reshape(x.shape)


class ResidualBlock(nn.Module):
    """Two convolutions and a way around them (arXiv 1512.03385, section 3).

    It begins as the way around alone (arXiv 1706.02677, section 5.1).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*_conv(channels, channels, kernel=3, stride=1))
        norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(norm.weight)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[N, C, h, w]`` to the same shape."""
        return torch.relu(x + self.second(self.first(x)))


def _conv(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


VISION_ENCODERS: dict[str, type[ConvEncoder] | type[VitEncoder]] = {
    "conv": ConvEncoder,
    "vit": VitEncoder,
}
"""Vision encoders by the names that configurations know them by."""
