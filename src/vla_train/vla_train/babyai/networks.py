# SPDX-License-Identifier: Apache-2.0
"""The project's architectures with parts for BabyAI, asked in one way by training and judging."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.memory import MEMORY_DIM
from vla_policy.models.config import EndToEndConfig
from vla_policy.models.end_to_end import EndToEndVLA
from vla_policy.models.image_tokenizer import Seen
from vla_policy.models.language import SLOTS, TransformerEncoder
from vla_policy.models.network import Network
from vla_policy.models.rt1 import RT1
from vla_policy.models.rt1_config import RT1Config
from vla_train.babyai.choices import BABYAI_ACTIONS
from vla_train.babyai.decoder import ChoiceDecoder
from vla_train.babyai.fusion import RouteFusion
from vla_train.babyai.levels import Level, find_level
from vla_train.babyai.tokenizer import GridTokenizer
from vla_train.babyai.vision import GridEncoder
from vla_train.errors import TrainError

ARCHITECTURES = ("end_to_end", "rt1")
RT1_LAYERS, RT1_HEADS = 3, 4


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
        depth: FiLM blocks behind it.
        language_dim: of each vector of the mission.
        dim: of the vector that the action is decoded from; of an RT1's tokens.
        window: cells of the map in each direction that are looked at, see `GridEncoder`.

    Raises:
        TrainError: there is no such level or architecture, or a size is out of its range.
    """

    level: str
    architecture: str = "end_to_end"
    history: int = 1
    channels: int = 64
    stride: int = 2
    blocks: int = 2
    depth: int = 4
    language_dim: int = 64
    dim: int = 256
    window: int = 0

    def __post_init__(self) -> None:
        find_level(self.level)
        if self.architecture not in ARCHITECTURES:
            raise TrainError(
                f"architecture must be one of {', '.join(ARCHITECTURES)} "
                f"(got {self.architecture!r})"
            )
        for name, value in dataclasses.asdict(self).items():
            lowest = 0 if name == "window" else 1
            if name not in ("level", "architecture") and (
                type(value) is not int or value < lowest
            ):
                raise TrainError(f"{name} must be a whole number >= {lowest} (got {value!r})")
        narrowest = find_level(self.level).side + self.stride - 1
        if self.window and (
            not narrowest <= self.window <= self.size or self.window % self.stride
        ):
            raise TrainError(
                f"window must be 0 or a multiple of {self.stride} from {narrowest} to {self.size} "
                f"(got {self.window})"
            )

    @property
    def size(self) -> int:
        """Cells of the robot's map in each direction."""
        return 2 * find_level(self.level).reach

    @classmethod
    def of(cls, level: Level, architecture: str) -> NetworkConfig:
        """The sizes that the shipped networks have."""
        sizes = {"history": 6, "dim": 128} if architecture == "rt1" else {}
        if level.name == "GoTo":  # nine rooms take a longer way to look ahead
            sizes |= {"depth": 8, "window": 24}
        return cls(level.name, architecture, **sizes)

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
        actions: ``[B, W, choices]`` logits at the last W steps of each.
        targets: ``[B, W, h * w + 1]`` logits of which cell of the feature map is to be acted on
            next, the last: one not seen yet.
    """

    actions: torch.Tensor
    targets: torch.Tensor


def build_network(config: NetworkConfig) -> Network:
    """A new network."""
    return _MAKERS[config.architecture](config)


def ask(
    network: nn.Module, images: torch.Tensor, words: torch.Tensor, states: torch.Tensor
) -> Answers:
    """What a network of `build_network` answers; arguments as in `frames.Batch`.

    An RT1 answers for every window of its history that the images hold, and encodes each map
    but once, however many windows it is part of.
    """
    if isinstance(network, RT1):
        tokens, cells = encode_maps(network, images, words)
        windows = tokens.unfold(1, network.config.history, 1).movedim(-1, 2)  # [B, W, T, K, dim]
        count = windows.shape[1]
        return decide(network, windows, cells[:, -count:], words, states[:, -count:])
    assert isinstance(network, EndToEndVLA) and isinstance(network.decoder, ChoiceDecoder)
    fused = network.fuse(images[:, -network.config.history :], words, states[:, -1])
    logits = network.decoder.logits(fused.vector)
    return Answers(logits[:, None], fused.attention[:, None])


def encode_maps(
    network: RT1, images: torch.Tensor, words: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens ``[B, T, K, dim]`` and cells ``[B, T, h * w, dim]`` of maps ``[B, T, 3, H, W]``."""
    assert isinstance(network.vision, GridTokenizer)
    language = network.language(words).flatten(1)  # [B, slots * D]
    return network.vision.all_cells(images.float() / 255.0, language)


def decide(
    network: RT1,
    windows: torch.Tensor,
    cells: torch.Tensor,
    words: torch.Tensor,
    states: torch.Tensor,
) -> Answers:
    """What follows from the tokens of W windows of T maps, ``[B, W, T, K, dim]``.

    Args:
        cells: ``[B, W, h * w, dim]`` of the newest map of each.
        states: ``[B, W, 3]``.
    """
    count = windows.shape[1]
    language = network.language(words).flatten(1).repeat_interleave(count, dim=0)
    body = F.pad(states, (0, MEMORY_DIM)).flatten(0, 1)
    seen = Seen(windows.flatten(0, 1), cells.flatten(0, 1))
    fused = network.decide(seen, language, body)
    logits = network.decoder.logits(fused.vector)[:, 0, 0]  # [B * W, choices]
    return Answers(logits.unflatten(0, (-1, count)), fused.attention.unflatten(0, (-1, count)))


def _end_to_end(config: NetworkConfig) -> EndToEndVLA:
    language = TransformerEncoder(config.language_dim)
    side = config.size // config.stride
    fusion = RouteFusion(
        config.channels,
        config.stride**2,
        language.dim,
        language.slots,
        (side, side),
        config.dim,
        config.depth,
    )
    sizes = EndToEndConfig(
        language="transformer",
        image_height=config.size,
        image_width=config.size,
        history=config.history,
        horizon=BABYAI_ACTIONS.horizon,
        action_dim=BABYAI_ACTIONS.action_dim,
        language_dim=config.language_dim,
    )
    decoder = ChoiceDecoder(config.dim, len(BABYAI_ACTIONS))
    return EndToEndVLA(sizes, _vision(config), language, fusion, decoder)


def _rt1(config: NetworkConfig) -> RT1:
    """One value in an action and a bin for each choice: RT-1's own tokens, seven of them."""
    sizes = RT1Config(
        language="transformer",
        language_dim=config.language_dim,
        image_height=config.size,
        image_width=config.size,
        history=config.history,
        horizon=BABYAI_ACTIONS.horizon,
        action_dim=BABYAI_ACTIONS.action_dim,
        bins=len(BABYAI_ACTIONS),
        stages=1,
        film_from=1,
        token_dim=config.dim,
        layers=RT1_LAYERS,
        heads=RT1_HEADS,
        feed_forward_dim=2 * config.dim,
    )
    side = config.size // config.stride
    if sizes.grid != (side, side):
        raise TrainError(f"an RT1 takes maps at a stride of 2 (got {config.stride})")
    told = SLOTS * config.language_dim
    vision = GridTokenizer(
        _vision(config), sizes.grid, told, config.dim, sizes.image_tokens, config.depth
    )
    return RT1(sizes, vision)


def _vision(config: NetworkConfig) -> GridEncoder:
    return GridEncoder(config.channels, config.stride, config.blocks, config.window)


_MAKERS: dict[str, Callable[[NetworkConfig], Network]] = {"end_to_end": _end_to_end, "rt1": _rt1}
