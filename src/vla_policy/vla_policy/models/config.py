# SPDX-License-Identifier: Apache-2.0
"""Sizes and parts of the networks, free of torch: a robot that runs an exported graph has none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vla_policy.errors import CheckpointError

STRIDE = 8
"""Pixels that a cell of the feature map covers in each direction."""

DECODER_NAMES = ("regression", "binned")


@dataclass(frozen=True)
class EndToEndConfig:
    """Sizes and parts of an EndToEndVLA.

    Attributes:
        decoder: a key of `vla_policy.models.decoder.DECODERS`.

    Raises:
        CheckpointError: a size is not positive, the image is no multiple of the stride, or
            there is no such part.
    """

    image_height: int = 120
    image_width: int = 160
    history: int = 1
    horizon: int = 8
    action_dim: int = 2
    vision_channels: int = 64
    language_dim: int = 128
    attention_heads: int = 4
    fusion_dim: int = 256
    decoder: str = "regression"

    def __post_init__(self) -> None:
        if self.decoder not in DECODER_NAMES:
            known = ", ".join(DECODER_NAMES)
            raise CheckpointError(f"decoder must be one of {known} (got {self.decoder!r})")
        sizes = dataclasses.asdict(self)
        del sizes["decoder"]
        for name, value in sizes.items():
            if not isinstance(value, int) or value < 1:
                raise CheckpointError(f"{name} must be a whole number >= 1 (got {value!r})")
        if self.image_height % STRIDE or self.image_width % STRIDE:
            raise CheckpointError(
                f"the image size must be a multiple of {STRIDE} "
                f"(got {self.image_height} x {self.image_width})"
            )

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
