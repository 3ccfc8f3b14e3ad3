# SPDX-License-Identifier: Apache-2.0
"""The project's architectures with parts for BabyAI, asked in one way by training and judging."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn

from vla_policy.models.config import EndToEndConfig
from vla_policy.models.end_to_end import EndToEndVLA
from vla_policy.models.language import TransformerEncoder
from vla_train.babyai.choices import BABYAI_ACTIONS
from vla_train.babyai.decoder import ChoiceDecoder
from vla_train.babyai.fusion import RouteFusion
from vla_train.babyai.levels import Level, find_level
from vla_train.babyai.vision import GridEncoder
from vla_train.errors import TrainError

ARCHITECTURES = ("end_to_end",)


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of a network for one level.

    Attributes:
        level: name of the level.
        architecture: one of `ARCHITECTURES`.
        history: maps that it looks at, the newest last.
        channels: depth of the feature map.
        stride: cells of the robot's map to a cell of the feature map.
        blocks: residual blocks of the vision encoder.
        language_dim: of each vector of the mission.
        dim: of the vector that the action is decoded from.

    Raises:
        TrainError: there is no such level or architecture, or a size is not positive.
    """

    level: str
    architecture: str = "end_to_end"
    history: int = 1
    channels: int = 64
    stride: int = 2
    blocks: int = 2
    language_dim: int = 64
    dim: int = 256

    def __post_init__(self) -> None:
        find_level(self.level)
        if self.architecture not in ARCHITECTURES:
            raise TrainError(
                f"architecture must be one of {', '.join(ARCHITECTURES)} "
                f"(got {self.architecture!r})"
            )
        for name, value in dataclasses.asdict(self).items():
            if name not in ("level", "architecture") and (type(value) is not int or value < 1):
                raise TrainError(f"{name} must be a whole number >= 1 (got {value!r})")

    @property
    def size(self) -> int:
        """Cells of the robot's map in each direction."""
        return 2 * find_level(self.level).reach

    @classmethod
    def of(cls, level: Level, architecture: str) -> NetworkConfig:
        """The sizes that the shipped networks have."""
        return cls(level.name, architecture)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkConfig:
        """The configuration with these values.

        Raises:
            TrainError: a key is unknown or missing, or a value is wrong.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise TrainError(f"the sizes of the network are malformed: {error}") from error


class Answers(NamedTuple):
    """What a network makes of windows.

    Attributes:
        actions: ``[B, T, choices]`` logits at the last T steps of each.
        targets: ``[B, T, h * w + 1]`` logits of which cell of the feature map is to be acted on
            next, the last: one not seen yet; None where the architecture does not say.
    """

    actions: torch.Tensor
    targets: torch.Tensor | None


def build_network(config: NetworkConfig) -> nn.Module:
    """A new network."""
    return _end_to_end(config)


def ask(
    network: nn.Module, images: torch.Tensor, words: torch.Tensor, states: torch.Tensor
) -> Answers:
    """What a network of `build_network` answers; arguments as in `frames.Batch`."""
    assert isinstance(network, EndToEndVLA)
    fused = network.fuse(images, words, states[:, -1])
    assert isinstance(network.decoder, ChoiceDecoder)
    logits = network.decoder.logits(fused.vector)
    return Answers(logits[:, None], fused.attention[:, None])


def _end_to_end(config: NetworkConfig) -> EndToEndVLA:
    vision = GridEncoder(config.channels, config.stride, config.blocks)
    language = TransformerEncoder(config.language_dim)
    side = config.size // config.stride
    fusion = RouteFusion(config.channels, language.dim, language.slots, (side, side), config.dim)
    sizes = EndToEndConfig(
        language="transformer",
        image_height=config.size,
        image_width=config.size,
        history=config.history,
        horizon=BABYAI_ACTIONS.horizon,
        action_dim=BABYAI_ACTIONS.action_dim,
    )
    decoder = ChoiceDecoder(config.dim, len(BABYAI_ACTIONS))
    return EndToEndVLA(sizes, vision, language, fusion, decoder)
