# SPDX-License-Identifier: Apache-2.0
"""EndToEndVLA: images and a sentence in, a chunk of actions out, trained as one network.

    images   -> VisionEncoder   -> map of features --+
    sentence -> LanguageEncoder -> vector -----------+-> MultimodalFusion -> ActionDecoder
    pose since the sentence -------------------------+                        -> actions

Each of the four is a module of its own and can be exchanged for another of the same interface.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn

from vla_policy.errors import ObservationError
from vla_policy.models.config import EndToEndConfig
from vla_policy.models.decoder import DECODERS
from vla_policy.models.fusion import CrossAttentionFusion, Fused
from vla_policy.models.language import SentenceProjection
from vla_policy.models.vision import ConvEncoder
from vla_policy.pose import STATE_DIM

__all__ = ["EndToEndConfig", "EndToEndVLA"]


class VisionEncoder(Protocol):
    """``[N, 3, H, W]`` in [0, 1] to features ``[N, channels, H / stride, W / stride]``."""

    channels: int
    stride: int

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Encode the images."""
        ...


class LanguageEncoder(Protocol):
    """Sentences, or their frozen embeddings, to ``[B, dim]``."""

    dim: int

    def __call__(self, instructions: list[str] | torch.Tensor) -> torch.Tensor:
        """Encode the sentences."""
        ...

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """The part that depends on the text alone, to be kept while the text stays."""
        ...


class MultimodalFusion(Protocol):
    """``[N, T, C, h, w]``, ``[B, D]`` and ``[B, 3]`` to one vector ``[B, dim]``.

    B is a multiple of N: several sentences may be asked of one image, each in its row.
    """

    dim: int

    def __call__(
        self, features: torch.Tensor, language: torch.Tensor, state: torch.Tensor
    ) -> Fused:
        """Fuse the three."""
        ...


class ActionDecoder(Protocol):
    """``[B, dim]`` to ``[B, horizon, action_dim]`` in [-1, 1]."""

    def __call__(self, vector: torch.Tensor) -> torch.Tensor:
        """Decode the actions."""
        ...

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """What training makes small: a scalar."""
        ...


class EndToEndVLA(nn.Module):
    """The network; see the module's text for its parts."""

    def __init__(
        self,
        config: EndToEndConfig,
        vision: VisionEncoder | None = None,
        language: LanguageEncoder | None = None,
        fusion: MultimodalFusion | None = None,
        decoder: ActionDecoder | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.vision = vision or ConvEncoder(config.vision_channels)
        self.language = language or SentenceProjection(config.language_dim)
        stride = self.vision.stride
        self.fusion = fusion or CrossAttentionFusion(
            channels=self.vision.channels,
            language_dim=self.language.dim,
            grid=(config.image_height // stride, config.image_width // stride),
            history=config.history,
            heads=config.attention_heads,
            dim=config.fusion_dim,
        )
        self.decoder = decoder or DECODERS[config.decoder](
            self.fusion.dim, config.horizon, config.action_dim
        )

    def forward(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Actions ``[B, horizon, action_dim]`` in [-1, 1].

        Args:
            images: ``[B, T, 3, H, W]``, uint8 or float in [0, 1], oldest first.
            instructions: B sentences, or their embeddings from ``language.embed``.
            state: ``[B, 3]`` pose since the instruction began; zeros where None.

        Raises:
            ObservationError: the images have another shape, or there are no B instructions.
        """
        return self.decoder(self.fuse(images, instructions, state).vector)

    def fuse(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
    ) -> Fused:
        """All but the decoder: the fused vector, and where the named thing is seen.

        There may be several instructions to an image (Q times as many as images, each
        image's after the other): the images are then encoded only once.
        """
        c = self.config
        expected = (c.history, 3, c.image_height, c.image_width)
        if images.ndim != 5 or tuple(images.shape[1:]) != expected:
            raise ObservationError(
                f"expected images of shape [B, {', '.join(map(str, expected))}], "
                f"got {list(images.shape)}"
            )
        if images.dtype == torch.uint8:
            images = images.float() / 255.0
        language = self.language(instructions)
        if len(language) == 0 or len(language) % len(images):
            raise ObservationError(
                f"expected one instruction an image or a multiple of that, got "
                f"{len(language)} instructions for {len(images)} images"
            )
        if state is None:
            state = images.new_zeros(len(language), STATE_DIM)
        features = self.vision(images.flatten(0, 1))  # [B * T, C, h, w]
        features = features.unflatten(0, images.shape[:2])  # [B, T, C, h, w]
        return self.fusion(features, language, state)
