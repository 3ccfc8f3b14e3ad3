# SPDX-License-Identifier: Apache-2.0
"""How RT-2 looks, is asked and answers, free of torch."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from vla_policy.errors import CheckpointError
from vla_policy.models.checks import (
    check_flag,
    check_number,
    check_row,
    check_text,
    check_whole,
)

SENTENCE = "{sentence}"
SHIPPED = ("mini",)
"""Models that come with this package, as a configuration and a tokenizer; `vla_train.backbones`
makes them. Their weights are drawn at random."""
BESIDE = "backbone"
"""Folder of a checkpoint with the model's configuration and its tokenizer."""
CELL = 16
"""Side of a cell of the grid in which labels say where a thing is seen [pixels]. RT-2 says that
in words and has no use for it."""

CHECKS = {"int": check_whole, "bool": check_flag, "str": check_text}
"""By the type of a field."""


@dataclass(frozen=True)
class RT2Config:
    """What stands around the vision-language model; its own sizes are in its own configuration.

    Attributes:
        backbone: the vision-language model: a shipped name (`SHIPPED`), a directory, or an id on
            the Hugging Face Hub. In a directory without weights only its configuration is there,
            and the weights are the checkpoint's own.
        image_height, image_width: of the images that come in.
        history: images that it looks at: one, as in the paper.
        horizon: actions in a chunk.
        knots: the steps of a chunk that are said in words, the first and the last among them or
            not; between two of them a chunk is a straight line, past the last one it stays. Each
            takes `action_dim` words, and each word one pass of the language model.
        plan: whether it says in words what it sees before it says what to do.
        bidirectional: whether image and prompt see all of each other, as in PaliGemma (arXiv
            2407.07726, section 3.2.1), or only what is before them, as in most others. A
            pretrained model must be asked as it was trained.
        pointer: whether it also learns by pointing at what is named (`pointer.py`). For backbones
            whose image embeddings are the cells of `grid`, row by row.
        surroundings: whether it also says how far it is free, in numbers and not in words, and is
            told of what it has passed (`vla_policy.surroundings`). For such backbones alone, too.
        smoothing: how far a target leaks into its neighbours [bins, standard deviation]; 0: not
            at all, as in the paper. Neighbouring bins mean nearly the same, and a network that
            begins with nothing learns so sooner than by itself (HL-Gauss, arXiv 2403.03950).
        before: what is said before the image, with the marks that the tokenizer puts there.
        template: what is said of the sentence after the image.
        answer: what stands between the prompt and what is answered.
        max_words: tokens of the template with its sentence; what is longer is cut.
        packed_words: tokens of the template with its sentence that training provides for, on
            average over the sentences of an image: most are short. What has no room is not
            learnt; `max_words` has room for all.
        pixel_mean, pixel_std: of each colour in [0, 1], to normalise with.
        pixel_size: height and width that images are resized to; None: left as they are.

    Raises:
        CheckpointError: a value makes no sense.
    """

    backbone: str = "mini"
    image_height: int = 120
    image_width: int = 160
    history: int = 1
    horizon: int = 8
    action_dim: int = 2
    knots: tuple[int, ...] = (0, 3, 7)
    plan: bool = True
    bidirectional: bool = True
    pointer: bool = True
    surroundings: bool = False
    smoothing: float = 0.0
    before: str = ""
    template: str = SENTENCE
    answer: str = ":"
    max_words: int = 40
    packed_words: int = 14
    pixel_mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    pixel_std: tuple[float, ...] = (0.25, 0.25, 0.25)
    pixel_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if field.type in CHECKS:
                CHECKS[str(field.type)](field.name, getattr(self, field.name))
        if not self.backbone:
            raise CheckpointError("backbone must be a name, a directory or an id (got nothing)")
        if self.history != 1:
            raise CheckpointError(f"history must be 1: RT-2 sees one image (got {self.history})")
        if check_number("smoothing", self.smoothing) < 0.0:
            raise CheckpointError(f"smoothing must be >= 0 bins (got {self.smoothing})")
        if SENTENCE not in self.template:
            raise CheckpointError(f"template must hold {SENTENCE} (got {self.template!r})")
        self._check_knots()
        self._check_pixels()

    def _check_knots(self) -> None:
        for knot in check_row("knots", self.knots):
            check_whole("knots", knot, least=0)
        rising = all(a < b for a, b in itertools.pairwise(self.knots))
        if not self.knots or not rising or self.knots[0] != 0 or self.knots[-1] >= self.horizon:
            raise CheckpointError(
                f"knots must rise from step 0 to at most {self.horizon - 1} (got {self.knots})"
            )

    def _check_pixels(self) -> None:
        mean = [
            check_number("pixel_mean", each) for each in check_row("pixel_mean", self.pixel_mean)
        ]
        std = [check_number("pixel_std", each) for each in check_row("pixel_std", self.pixel_std)]
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0.0:
            raise CheckpointError(
                f"pixel_mean and pixel_std must be of three colours, and the latter > 0 "
                f"(got {self.pixel_mean} and {self.pixel_std})"
            )
        if self.pixel_size is not None:
            for side in check_row("pixel_size", self.pixel_size):
                check_whole("pixel_size", side)
            if len(self.pixel_size) != 2:
                raise CheckpointError(
                    f"pixel_size must be a height and a width (got {self.pixel_size})"
                )

    @property
    def words(self) -> int:
        """How many words the actions of one chunk take."""
        return len(self.knots) * self.action_dim

    @property
    def language(self) -> str:
        """How sentences are embedded: as tokens of the backbone's own."""
        return "rt2"

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the map that labels refer to."""
        return -(-self.image_height // CELL), -(-self.image_width // CELL)

    @property
    def directory(self) -> Path | None:
        """Where the backbone's files lie on this machine; None where they are on the Hub."""
        if self.backbone in SHIPPED:
            return Path(str(resources.files(__package__))) / "backbones" / self.backbone
        path = Path(self.backbone)
        return path if path.is_dir() else None

    def within(self, checkpoint: Path) -> RT2Config:
        """The same for a checkpoint's folder, whose backbone lies inside it."""
        return dataclasses.replace(self, backbone=str(checkpoint / BESIDE))

    def copy_files(self, source: Path, out: Path) -> None:
        """Copy the backbone's configuration and tokenizer from one checkpoint to another."""
        shutil.copytree(source / BESIDE, out / BESIDE, dirs_exist_ok=True)

    def stored(self) -> RT2Config:
        """The same as a checkpoint's `config.json` says it, wherever the checkpoint lies."""
        return dataclasses.replace(self, backbone=BESIDE)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RT2Config:
        """The configuration with these values; lists stand for tuples, as JSON has none.

        Raises:
            CheckpointError: a key is unknown or a value is wrong.
        """
        unknown = set(values) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise CheckpointError(f"unknown keys of the model: {', '.join(sorted(unknown))}")
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**plain)
