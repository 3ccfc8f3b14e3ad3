# SPDX-License-Identifier: Apache-2.0
"""Sizes and parts of the networks, free of torch: a robot that runs an exported graph has none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vla_policy.errors import CheckpointError
from vla_policy.memory import MEMORY_DIM
from vla_policy.models.checks import check_flag, check_whole
from vla_policy.surroundings import SECTORS

STRIDE = 8
"""Pixels that a cell of the feature map covers in each direction, whatever the vision encoder."""

PARTS = {
    "vision": ("conv", "vit"),
    "language": ("minilm", "transformer"),
    "fusion": ("cross_attention", "film", "concatenation"),
    "decoder": ("regression", "binned", "flow"),
}
"""The choices for each part of the network; the modules behind the names stand in
`vla_policy.models.end_to_end.MODULES`."""


@dataclass(frozen=True)
class EndToEndConfig:
    """Sizes and parts of an EndToEndVLA.

    Attributes:
        vision, language, fusion, decoder: names of parts, see `PARTS`.
        vision_blocks: residual or transformer blocks of the vision encoder; None: its own number.
        fusion_width, fusion_layers: of its tokens, and how often they look; only
            `cross_attention` has them.
        surroundings: whether it says how far it is free, and is told what stands about the robot
            (`vla_policy.surroundings`).

    Raises:
        CheckpointError: a size is not positive, the image is no multiple of the stride, or
            there is no such part.
    """

    vision: str = "conv"
    language: str = "minilm"
    fusion: str = "cross_attention"
    decoder: str = "binned"
    image_height: int = 120
    image_width: int = 160
    history: int = 1
    horizon: int = 8
    action_dim: int = 2
    vision_channels: int = 64
    vision_blocks: int | None = None
    language_dim: int = 128
    fusion_dim: int = 256
    fusion_width: int = 96
    fusion_layers: int = 2
    surroundings: bool = False

    def __post_init__(self) -> None:
        for part, choices in PARTS.items():
            if getattr(self, part) not in choices:
                raise CheckpointError(
                    f"{part} must be one of {', '.join(choices)} (got {getattr(self, part)!r})"
                )
        for name, value in dataclasses.asdict(self).items():
            if name == "vision_blocks" and value is None:
                continue
            if name == "surroundings":
                check_flag(name, value)
            elif name not in PARTS:
                check_whole(name, value)
        if self.image_height % STRIDE or self.image_width % STRIDE:
            raise CheckpointError(
                f"the image size must be a multiple of {STRIDE} "
                f"(got {self.image_height} x {self.image_width})"
            )

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the map of features."""
        return self.image_height // STRIDE, self.image_width // STRIDE

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EndToEndConfig:
        """The configuration with these values.

        Raises:
            CheckpointError: a key is unknown or a value is wrong.
        """
        unknown = set(values) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise CheckpointError(f"unknown keys of the model: {', '.join(sorted(unknown))}")
        return cls(**values)


def memory_dim(sizes: object) -> int:
    """How many numbers of memory a network of these sizes is told."""
    return MEMORY_DIM + SECTORS * keeps_off(sizes)


def keeps_off(sizes: object) -> bool:
    """Whether a network of these sizes says how far it is free: see `EndToEndConfig`."""
    return bool(getattr(sizes, "surroundings", False))
