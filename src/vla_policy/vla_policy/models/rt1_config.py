# SPDX-License-Identifier: Apache-2.0
"""Sizes and choices of an RT-1 (arXiv 2212.06817), free of torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vla_policy.embedding import EMBEDDINGS
from vla_policy.errors import CheckpointError
from vla_policy.models.checks import check_flag, check_number, check_whole

STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the seven stages of an EfficientNet (arXiv 1905.11946, table 1); the stem has 2, too."""

CHOICES = {
    "language": tuple(EMBEDDINGS),
    "odd_sizes": ("up", "down"),
    "conditioning": ("film", "token"),
    "feed_forward": ("linear", "swiglu"),
    "actions": ("bins", "continuous"),
    "decoding": ("likeliest", "mean"),
}


@dataclass(frozen=True)
class RT1Config:
    """Sizes and choices of an RT-1; the defaults are `rt1_mini`, `rt1_b3` is the paper's.

    Attributes:
        language_dim: of each of the vectors that a sentence becomes.
        width, depth: how many channels and blocks the EfficientNet has, 1 for B0.
        stages: how many of the EfficientNet's seven stages there are.
        top_channels: of the convolution behind the last stage; 0: there is none.
        film_from: FiLM stands behind each block from the last one of this stage on, 1 for the
            paper's: behind each. What comes before is the same for all sentences of an image.
        odd_sizes: what becomes of 75 rows at stride 2: 38 (`up`), or 37 as in the paper's code
            (`down`), which makes 9 x 9 cells of 300 x 300 pixels.
        drop_path: share of blocks that training leaves out, at the last block; it rises to there.
        conditioning: whether the sentence scales and shifts feature maps (`film`), or is only a
            token of the transformer (`token`).
        places: whether each cell of the map is told where it is; the paper's is not.
        token_learner: whether a TokenLearner makes `image_tokens` of a map, or every cell is one.
        image_tokens: tokens that a TokenLearner makes of an image.
        pool: without a TokenLearner, cells in each direction that become one token.
        token_dim: of all tokens.
        layers, heads, head_dim, feed_forward_dim: of the transformer.
        feed_forward: `linear` as in the paper's code, or `swiglu` as in the code of RT-1-X.
        dropout: in the transformer.
        bins: into which each value of an action is sorted.
        actions: `bins`, or `continuous`: a regression.
        autoregressive: whether the later values of an action know the earlier ones.
        decoding: whether the value of the likeliest bin is taken, as in the paper, or the mean
            of those that are likeliest together (`mean_shift`).
        glimpses: places of the map that it looks at besides when it says where the named thing is:
            the spot between two things is at neither of them.
        surroundings: whether it says how far it is free, and is told what stands about the robot
            (`vla_policy.surroundings`).

    Raises:
        CheckpointError: a value makes no sense.
    """

    image_height: int = 120
    image_width: int = 160
    history: int = 6
    horizon: int = 8
    action_dim: int = 2
    language: str = "minilm"
    language_dim: int = 128
    width: float = 0.75
    depth: float = 1.0
    stages: int = 5
    top_channels: int = 0
    film_from: int = 3
    odd_sizes: str = "up"
    drop_path: float = 0.0
    conditioning: str = "film"
    places: bool = True
    token_learner: bool = True
    image_tokens: int = 8
    pool: int = 1
    token_dim: int = 192
    layers: int = 6
    heads: int = 6
    head_dim: int = 32
    feed_forward: str = "swiglu"
    feed_forward_dim: int = 256
    dropout: float = 0.0
    bins: int = 256
    actions: str = "bins"
    autoregressive: bool = False
    decoding: str = "likeliest"
    glimpses: int = 0
    surroundings: bool = False

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise CheckpointError(
                    f"{name} must be one of {', '.join(choices)} (got {getattr(self, name)!r})"
                )
        for field in dataclasses.fields(self):
            _check(field.name, str(field.type), getattr(self, field.name))
        if not 1 <= self.film_from <= self.stages <= len(STAGE_STRIDES):
            raise CheckpointError(
                f"expected 1 <= film_from <= stages <= {len(STAGE_STRIDES)} "
                f"(got {self.film_from} and {self.stages})"
            )
        if self.bins < 2:
            raise CheckpointError(f"bins must be >= 2 (got {self.bins})")
        if self.autoregressive and self.actions != "bins":
            raise CheckpointError("autoregressive actions must be bins (got continuous ones)")
        if not self.token_learner and any(size % self.pool for size in self.grid):
            raise CheckpointError(
                f"pool must divide the {self.grid[0]} x {self.grid[1]} cells (got {self.pool})"
            )

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the map of features."""
        rows, columns = self.image_height, self.image_width
        for stride in (2, *STAGE_STRIDES[: self.stages]):
            if stride == 2:
                rows, columns = (self._halved(size) for size in (rows, columns))
        return rows, columns

    @property
    def tokens_per_image(self) -> int:
        """Tokens that the transformer gets of an image."""
        rows, columns = self.grid
        return self.image_tokens if self.token_learner else rows * columns // self.pool**2

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RT1Config:
        """The configuration with these values.

        Raises:
            CheckpointError: a key is unknown or a value is wrong.
        """
        unknown = set(values) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise CheckpointError(f"unknown keys of the model: {', '.join(sorted(unknown))}")
        return cls(**values)

    def _halved(self, size: int) -> int:
        return (size + 1) // 2 if self.odd_sizes == "up" else size // 2


def rt1_mini(**changes: Any) -> RT1Config:
    """The one that is trained here: small enough for two processor cores at 30 Hz."""
    return RT1Config(**changes)


def rt1_b3(**changes: Any) -> RT1Config:
    """The paper's: EfficientNet-B3 at 300 x 300, eight layers, eleven values in an action.

    The sizes that the paper leaves open are those of its code (google-research/
    robotics_transformer, `configs/transformer_mixin.gin`).
    """
    sizes: dict[str, Any] = {
        "image_height": 300,
        "image_width": 300,
        "horizon": 1,
        "action_dim": 11,
        "width": 1.2,
        "depth": 1.4,
        "stages": 7,
        "top_channels": 1280,
        "film_from": 1,
        "odd_sizes": "down",
        "drop_path": 0.2,
        "places": False,
        "token_dim": 512,
        "layers": 8,
        "heads": 8,
        "head_dim": 128,
        "feed_forward": "linear",
        "feed_forward_dim": 512,
        "dropout": 0.1,
    }
    return RT1Config(**{**sizes, **changes})


def _check(name: str, kind: str, value: object) -> None:
    """A number is positive where it is a size, and a share where it is one."""
    if kind == "bool":
        check_flag(name, value)
    elif kind == "int":
        check_whole(name, value, 0 if name in ("top_channels", "glimpses") else 1)
    elif kind == "float":
        number, share = check_number(name, value), name in ("drop_path", "dropout")
        if not 0.0 <= number < 1.0 if share else number <= 0.0:
            raise CheckpointError(
                f"{name} must {'lie in [0, 1)' if share else 'be > 0'} (got {value!r})"
            )
