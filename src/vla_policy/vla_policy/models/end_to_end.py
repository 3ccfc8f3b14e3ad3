# SPDX-License-Identifier: Apache-2.0
"""EndToEndVLA: images and a sentence in, a chunk of actions out, trained as one network.

    images   -> VisionEncoder   -> map of features --+
    sentence -> LanguageEncoder -> vectors ----------+-> MultimodalFusion -> ActionDecoder
    pose since the sentence, memory -----------------+                        -> actions

Each of the four is a module of its own and can be exchanged for another of the same interface.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn

from vla_policy.errors import ObservationError
from vla_policy.memory import MEMORY_DIM, MODES
from vla_policy.models.config import EndToEndConfig
from vla_policy.models.decoder import DECODERS
from vla_policy.models.free_space import RangeReader, Told
from vla_policy.models.fusion import FUSIONS, Fused
from vla_policy.models.language import LANGUAGE_ENCODERS
from vla_policy.models.network import ActionDecoder, LanguageEncoder, Look, Network
from vla_policy.models.vision import VISION_ENCODERS

__all__ = ["MODULES", "SPOT_SCALE_M", "EndToEndVLA", "Look"]


class VisionEncoder(Protocol):
    """``[N, 3, H, W]`` in [0, 1] to features ``[N, channels, H / stride, W / stride]``."""

    channels: int
    stride: int

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Encode the images."""
        ...


class MultimodalFusion(Protocol):
    """``[N, T, C, h, w]``, ``[B, S, D]`` and ``[B, BODY_DIM]`` to one vector ``[B, dim]``.

    B is a multiple of N: several sentences may be asked of one image, each in its row.
    """

    dim: int

    def __call__(
        self, features: torch.Tensor, language: torch.Tensor, body: torch.Tensor
    ) -> Fused:
        """Fuse the three."""
        ...


SPOT_SCALE_M = 2.0


MODULES = {
    "vision": VISION_ENCODERS,
    "language": LANGUAGE_ENCODERS,
    "fusion": FUSIONS,
    "decoder": DECODERS,
}
"""What the names of `vla_policy.models.config.PARTS` stand for."""


class EndToEndVLA(Network):
    """The network; see the module's text for its parts."""

    config: EndToEndConfig

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
        blocks = {} if config.vision_blocks is None else {"blocks": config.vision_blocks}
        self.vision = vision or VISION_ENCODERS[config.vision](config.vision_channels, **blocks)
        self.language = language or LANGUAGE_ENCODERS[config.language](config.language_dim)
        stride = self.vision.stride
        looks = {"width": config.fusion_width, "layers": config.fusion_layers}
        self.fusion = fusion or FUSIONS[config.fusion](
            channels=self.vision.channels,
            language_dim=self.language.dim,
            slots=self.language.slots,
            grid=(config.image_height // stride, config.image_width // stride),
            history=config.history,
            dim=config.fusion_dim,
            **(looks if config.fusion == "cross_attention" else {}),
        )
        self.decoder = decoder or DECODERS[config.decoder](
            self.fusion.dim, config.horizon, config.action_dim
        )
        self.sight = nn.Linear(self.fusion.dim, len(MODES) + 3)
        if config.surroundings:
            self.ranges = RangeReader(self.vision.channels, config.grid)
            self.told = Told(self.fusion.dim)

    def fuse(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
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
        language = self.language(instructions, stage)  # [B, S, D]
        if len(language) == 0 or len(language) % len(images):
            raise ObservationError(
                f"expected one instruction an image or a multiple of that, got "
                f"{len(language)} instructions for {len(images)} images"
            )
        state, memory = self.body_of(len(language), images, state, memory)
        features = self.vision(images.flatten(0, 1))  # [B * T, C, h, w]
        features = features.unflatten(0, images.shape[:2])  # [B, T, C, h, w]
        body = torch.cat([state, memory[:, :MEMORY_DIM]], dim=1)
        fused = self.fusion(features, language, body)
        if not c.surroundings:
            return fused
        vector = self.told(fused.vector, memory[:, MEMORY_DIM:])
        return Fused(vector, fused.attention, self.ranges(features[:, -1]))

    def see(self, fused: Fused) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mode logits ``[B, M]``, spots ``[B, 2]`` and logits of more to come ``[B]``."""
        values = self.sight(fused.vector)
        modes = len(MODES)
        return values[:, :modes], SPOT_SCALE_M * values[:, modes : modes + 2], values[:, -1]
