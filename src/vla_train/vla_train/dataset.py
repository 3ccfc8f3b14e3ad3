# SPDX-License-Identifier: Apache-2.0
"""Labelled frames on disk: shards of plain arrays, memory-mapped, larger than memory.

A shard is a directory; it appears under its name only when it is whole, so that collection
that was cut off goes on with the shards that are missing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.action import ActionSpec
from vla_policy.image import resize_image
from vla_policy.sentence import shared_encoder
from vla_train.lesson import Lesson
from vla_train.visibility import cell_of

_IMAGE_ARRAYS = ("images", "first_lessons")
_LESSON_ARRAYS = ("states", "actions", "cells", "sentences")
_TEXTS_FILE = "sentences.json"
CELL_IGNORED = -100
"""Label of sentences that name no thing; torch's cross-entropy passes over it."""


class Batch(NamedTuple):
    """B images with Q lessons each, as a network takes them; see `EndToEndVLA.fuse`.

    Attributes:
        images: ``[B, 1, 3, H, W]`` uint8.
        embeddings: ``[B * Q, 384]`` of the sentences, each image's after the other.
        states: ``[B * Q, 3]``.
        actions: ``[B * Q, horizon, action_dim]`` in [-1, 1].
        cells: ``[B * Q]`` where the named thing is seen; the number of cells: not in view.
    """

    images: torch.Tensor
    embeddings: torch.Tensor
    states: torch.Tensor
    actions: torch.Tensor
    cells: torch.Tensor


@dataclass
class ShardBuilder:
    """Collects the frames of a shard in memory and writes it at once."""

    spec: ActionSpec
    image_size: tuple[int, int]
    grid: tuple[int, int]
    _columns: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in (*_IMAGE_ARRAYS, *_LESSON_ARRAYS)}
    )
    _texts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._columns["images"])

    def add(self, image: npt.NDArray[np.uint8], lessons: Sequence[Lesson]) -> None:
        """Add a frame; its first lesson is the one that it was made for.

        Raises:
            ValueError: there is no lesson.
        """
        if not lessons:
            raise ValueError("a frame needs at least one lesson")
        columns = self._columns
        columns["images"].append(resize_image(image, *self.image_size))
        columns["first_lessons"].append(len(columns["cells"]))
        for lesson in lessons:
            cell = cell_of(lesson.pixel, self.grid) if lesson.names_thing else CELL_IGNORED
            sentence = self._texts.setdefault(lesson.instruction, len(self._texts))
            columns["states"].append(lesson.state)
            columns["actions"].append(self.spec.normalise(lesson.actions))
            columns["cells"].append(cell)
            columns["sentences"].append(sentence)

    def write(self, directory: Path) -> None:
        """Write the shard; it appears whole or not at all."""
        unfinished = directory.with_name(f".{directory.name}.{os.getpid()}")
        unfinished.mkdir(parents=True, exist_ok=True)
        for name, values in self._columns.items():
            np.save(unfinished / f"{name}.npy", np.array(values))
        (unfinished / _TEXTS_FILE).write_text(json.dumps(list(self._texts)), encoding="utf-8")
        if directory.exists():
            shutil.rmtree(directory)
        unfinished.rename(directory)


class FrameDataset:
    """All frames of some shards, drawn at random.

    Images stay on disk and are mapped into memory; what is said about them is small.
    """

    def __init__(self, shards: list[Path]) -> None:
        self._images = [np.load(shard / "images.npy", mmap_mode="r") for shard in shards]
        self._starts = np.cumsum([0, *map(len, self._images)])
        numbers: dict[str, int] = {}
        lessons = [_lessons_of(shard, numbers) for shard in shards]
        offsets = np.cumsum([0, *(len(part["cells"]) for part in lessons)])
        first = [np.load(shard / "first_lessons.npy") for shard in shards]
        # Where the lessons of each frame begin, and after the last frame's: [frames + 1].
        self._first = np.append(
            np.concatenate([a + b for a, b in zip(first, offsets, strict=False)]), offsets[-1]
        )
        self._lessons = {
            name: np.concatenate([part[name] for part in lessons]) for name in _LESSON_ARRAYS
        }
        self._embeddings = torch.from_numpy(shared_encoder()(list(numbers)))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def draw(self, rng: np.random.Generator, size: int, lessons: int) -> Batch:
        """`size` random frames with as many lessons each."""
        frames = np.sort(rng.integers(len(self), size=size))
        return self.take(frames, lessons, rng.random(size))

    def take(
        self,
        frames: npt.NDArray[np.int64],
        lessons: int = 1,
        turns: npt.NDArray[np.float64] | None = None,
    ) -> Batch:
        """These frames with their first lesson and `lessons` - 1 of the others.

        Args:
            frames: sorted numbers of frames.
            lessons: how many each.
            turns: for each frame, where in [0, 1) among the others to begin; they are taken in
                turn, round and round where there are too few.
        """
        turns = np.zeros(len(frames)) if turns is None else turns
        first = self._first[frames]
        others = self._first[frames + 1] - first - 1
        step = np.arange(lessons - 1)
        begin = (turns * others).astype(np.int64)
        further = (begin[:, None] + step) % np.maximum(others, 1)[:, None]  # [B, Q - 1]
        further += (others > 0)[:, None]
        rows = np.concatenate([first[:, None], first[:, None] + further], axis=1).ravel()
        chosen = {name: torch.from_numpy(self._lessons[name][rows]) for name in _LESSON_ARRAYS}
        images = torch.from_numpy(self._read_images(frames))
        return Batch(
            images=images.permute(0, 3, 1, 2)[:, None],
            embeddings=self._embeddings[chosen["sentences"]],
            states=chosen["states"],
            actions=chosen["actions"],
            cells=chosen["cells"],
        )

    def _read_images(self, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        shard_of = np.searchsorted(self._starts, frames, side="right") - 1
        return np.concatenate(
            [
                self._images[number][frames[shard_of == number] - self._starts[number]]
                for number in np.unique(shard_of)
            ]
        )


def _lessons_of(shard: Path, numbers: dict[str, int]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a shard's lessons; `numbers` of sentences get those that are new."""
    arrays = {name: np.load(shard / f"{name}.npy") for name in _LESSON_ARRAYS}
    texts = json.loads((shard / _TEXTS_FILE).read_text(encoding="utf-8"))
    renumbered = np.array([numbers.setdefault(text, len(numbers)) for text in texts])
    arrays["sentences"] = renumbered[arrays["sentences"]]
    return arrays
