# SPDX-License-Identifier: Apache-2.0
"""An EfficientNet (arXiv 1905.11946) whose maps a sentence scales and shifts (FiLM)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.models.precision import learning_in_float32

BATCH_NORM_EPS = 1e-3
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, as EfficientNets have always been given them."""


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind in a row; sizes are those of B0."""

    kernel: int
    repeats: int
    channels: int
    expansion: int
    stride: int


STAGES = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 2, 24, 6, 2),
    Stage(5, 2, 40, 6, 2),
    Stage(3, 3, 80, 6, 2),
    Stage(5, 3, 112, 6, 1),
    Stage(5, 4, 192, 6, 2),
    Stage(3, 1, 320, 6, 1),
)
STEM_CHANNELS = 32


class FilmEfficientNet(nn.Module):
    """Images and what a sentence became to feature maps.

    FiLM stands behind each block from the last one of stage `film_from` on (arXiv 2212.06817,
    section 5.1); without it (`condition_dim` None) all blocks are plain. Several sentences
    may be asked of one image: what comes before the first FiLM is then computed once.

    Attributes:
        channels: depth of the map.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        width: float,
        depth: float,
        stages: int,
        top_channels: int,
        odd_sizes: str,
        drop_path: float,
        condition_dim: int | None,
        film_from: int,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1), persistent=False)
        channels = rounded(STEM_CHANNELS * width)
        self.stem = nn.Sequential(
            PaddedConv(3, channels, 3, 2, odd_sizes=odd_sizes), _norm(channels), nn.SiLU()
        )
        self.blocks = nn.ModuleList()
        self.films = nn.ModuleList()
        repeats = [math.ceil(stage.repeats * depth) for stage in STAGES[:stages]]
        begun = film_from == 1
        for number, (stage, count) in enumerate(zip(STAGES, repeats, strict=False), start=1):
            for repeat in range(count):
                outputs = rounded(stage.channels * width)
                stride = stage.stride if repeat == 0 else 1
                drop = drop_path * len(self.blocks) / sum(repeats)
                self.blocks.append(MBConv(channels, outputs, stage, stride, odd_sizes, drop))
                channels = outputs
                begun = begun or (number == film_from and repeat == count - 1)
                if begun and condition_dim is not None:
                    self.films.append(Film(channels, condition_dim))
        self.plain = len(self.blocks) - len(self.films)
        self.top = nn.Sequential()
        if top_channels:
            outputs = rounded(top_channels * width)
            self.top = nn.Sequential(
                nn.Conv2d(channels, outputs, 1, bias=False), _norm(outputs), nn.SiLU()
            )
            channels = outputs
        self.channels = channels
        self.apply(_initialise)

    def forward(self, images: torch.Tensor, condition: torch.Tensor | None) -> torch.Tensor:
        """``[N, T, 3, H, W]`` in [0, 1] and ``[M, D]`` to ``[M * T, C, h, w]``.

        M is a multiple of N: each image's sentences follow each other. Without a condition
        M is N.
        """
        steps = images.shape[1]
        x = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        x = self.stem((x - self.mean) / self.std)
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index >= self.plain:
                assert condition is not None
                x = self.films[index - self.plain](x, condition, steps)
        result: torch.Tensor = self.top(x)
        return result


class Film(nn.Module):
    """Scales and shifts each channel by what a sentence became (arXiv 1709.07871, section 3).

    It starts as the identity: both layers are zero.
    """

    def __init__(self, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.scale = nn.Linear(condition_dim, channels)
        self.shift = nn.Linear(condition_dim, channels)
        self.reset()

    def reset(self) -> None:
        """Make it the identity."""
        for layer in (self.scale, self.shift):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor, condition: torch.Tensor, steps: int) -> torch.Tensor:
        """``[N * T, C, h, w]`` and ``[M, D]`` to ``[M * T, C, h, w]``; `steps` is T."""
        scale = (1.0 + self.scale(condition))[:, None, :, None, None]  # [M, 1, C, 1, 1]
        shift = self.shift(condition)[:, None, :, None, None]
        histories = x.shape[0] // steps
        sentences = condition.shape[0] // histories
        if sentences > 1:
            x = x.unflatten(0, (histories, 1, steps))  # [N, 1, T, C, h, w]
            scale, shift = (each.unflatten(0, (histories, sentences)) for each in (scale, shift))
            x = (x * scale + shift).flatten(0, 2)
        else:
            x = (x.unflatten(0, (histories, steps)) * scale + shift).flatten(0, 1)
        return x.contiguous(memory_format=torch.channels_last)


class MBConv(nn.Module):
    """An inverted residual with squeeze and excitation (arXiv 1905.11946, section 4)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stage: Stage,
        stride: int,
        odd_sizes: str,
        drop_path: float,
    ) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.expand = nn.Sequential()
        if stage.expansion > 1:
            self.expand = nn.Sequential(
                nn.Conv2d(inputs, wide, 1, bias=False), _norm(wide), nn.SiLU()
            )
        self.depthwise = nn.Sequential(
            PaddedConv(wide, wide, stage.kernel, stride, groups=wide, odd_sizes=odd_sizes),
            _norm(wide),
            nn.SiLU(),
        )
        squeezed = max(1, inputs // 4)
        self.squeeze = nn.Conv2d(wide, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, wide, 1)
        self.project = nn.Sequential(nn.Conv2d(wide, outputs, 1, bias=False), _norm(outputs))
        self.residual = stride == 1 and inputs == outputs
        self.drop_path = drop_path

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[N, C, h, w]`` to ``[N, outputs, h / stride, w / stride]``."""
        wide = self.depthwise(self.expand(x))
        means = wide.mean(dim=(2, 3), keepdim=True)
        gate = torch.sigmoid(self.excite(F.silu(self.squeeze(means))))
        result: torch.Tensor = self.project(wide * gate)
        if not self.residual:
            return result
        if self.training and self.drop_path:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop_path
            result = result * kept / (1.0 - self.drop_path)
        return x + result


class PaddedConv(nn.Conv2d):
    """A convolution that says what becomes of odd sizes at stride 2: more than half, or less.

    `down` pads as the code of RT-1 does, whose network does not know the size of its images
    when it is built: one pixel less at the top and left.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        groups: int = 1,
        odd_sizes: str = "up",
    ) -> None:
        half = kernel // 2
        self.before: int | None = half - 1 if stride == 2 and odd_sizes == "down" else None
        padding = half if self.before is None else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[N, inputs, h, w]`` to ``[N, outputs, ...]``."""
        if self.before is not None:
            x = F.pad(x, (self.before, self.before + 1) * 2)
        if self.groups > 1:
            return learning_in_float32(self, super().forward, x)
        return super().forward(x)


def rounded(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of 8, never less than 90 % (arXiv 1905.11946's own code)."""
    whole = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return whole + divisor if whole < 0.9 * channels else whole


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPS)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        size = module.kernel_size[0] * module.kernel_size[1]
        fan_out = size * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=math.sqrt(2.0 / fan_out))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
