# SPDX-License-Identifier: Apache-2.0
"""Labelled frames on disk: shards of plain arrays, memory-mapped, larger than memory.

A shard is a directory; it appears under its name only when it is whole, so that collection
that was cut off goes on with the shards that are missing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.action import ActionSpec
from vla_policy.image import resize_image
from vla_policy.memory import SEEN
from vla_sim.visibility import cell_of
from vla_train.lesson import Lesson

_IMAGE_ARRAYS = ("images", "first_lessons")
_LESSON_TYPES = {
    "states": np.float32,
    "memories": np.float32,
    "stages": np.int64,
    "actions": np.float32,
    "cells": np.int64,
    "modes": np.int64,
    "spots": np.float32,
    "arrivals": np.float32,
    "sentences": np.int64,
}
_TEXTS_FILE = "sentences.json"
IGNORED = -100
"""Label where nothing is named; torch's cross-entropy passes over it."""
Embed = Callable[[list[str]], torch.Tensor]
"""A language encoder's own `embed`."""


class Batch(NamedTuple):
    """B images with Q lessons each, as a network takes them; see `EndToEndVLA.fuse`.

    Attributes:
        images: ``[B, 1, 3, H, W]`` uint8.
        language: ``[B * Q, ...]`` what `embed` made of the sentences, each image's after the
            other.
        states: ``[B * Q, 3]``; `memories` too.
        stages: ``[B * Q]``.
        actions: ``[B * Q, horizon, action_dim]`` in [-1, 1].
        cells: ``[B * Q]`` where the named thing is seen; the number of cells: not in view.
        modes: ``[B * Q]`` see `vla_policy.memory.MODES`.
        spots: ``[B * Q, 2]`` m ahead and to the left; NaN where it is not seen.
        arrivals: ``[B * Q]`` 1 where this part is done and another follows, else 0.
    """

    images: torch.Tensor
    language: torch.Tensor
    states: torch.Tensor
    memories: torch.Tensor
    stages: torch.Tensor
    actions: torch.Tensor
    cells: torch.Tensor
    modes: torch.Tensor
    spots: torch.Tensor
    arrivals: torch.Tensor


@dataclass
class ShardBuilder:
    """Collects the frames of a shard in memory and writes it at once."""

    spec: ActionSpec
    image_size: tuple[int, int]
    grid: tuple[int, int]
    _columns: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in (*_IMAGE_ARRAYS, *_LESSON_TYPES)}
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
            sight, named = lesson.sight, lesson.sight is not None
            columns["states"].append(lesson.state)
            columns["memories"].append(lesson.memory)
            columns["stages"].append(lesson.stage)
            columns["actions"].append(self.spec.normalise(lesson.actions))
            columns["cells"].append(cell_of(lesson.pixel, self.grid) if named else IGNORED)
            columns["modes"].append(sight.mode if sight else IGNORED)
            seen = sight is not None and sight.mode == SEEN
            columns["spots"].append(sight.spot if sight and seen else (np.nan, np.nan))
            columns["arrivals"].append(lesson.arrived)
            columns["sentences"].append(
                self._texts.setdefault(lesson.instruction, len(self._texts))
            )

    def write(self, directory: Path) -> None:
        """Write the shard; it appears whole or not at all."""
        unfinished = directory.with_name(f".{directory.name}.{os.getpid()}")
        unfinished.mkdir(parents=True, exist_ok=True)
        for name, values in self._columns.items():
            np.save(unfinished / f"{name}.npy", np.array(values, dtype=_LESSON_TYPES.get(name)))
        (unfinished / _TEXTS_FILE).write_text(json.dumps(list(self._texts)), encoding="utf-8")
        if directory.exists():
            shutil.rmtree(directory)
        unfinished.rename(directory)


class FrameDataset:
    """All frames of some shards, drawn at random.

    Images stay on disk and are mapped into memory; what is said about them is small.
    """

    def __init__(self, shards: list[Path], embed: Embed) -> None:
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
            name: np.concatenate([part[name] for part in lessons]) for name in _LESSON_TYPES
        }
        self._language = embed(list(numbers))

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
        chosen = {name: torch.from_numpy(self._lessons[name][rows]) for name in _LESSON_TYPES}
        images = torch.from_numpy(self._read_images(frames))
        return Batch(
            images=images.permute(0, 3, 1, 2)[:, None],
            language=self._language[chosen.pop("sentences")],
            **chosen,
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
    arrays = {name: np.load(shard / f"{name}.npy") for name in _LESSON_TYPES}
    texts = json.loads((shard / _TEXTS_FILE).read_text(encoding="utf-8"))
    renumbered = np.array([numbers.setdefault(text, len(numbers)) for text in texts])
    arrays["sentences"] = renumbered[arrays["sentences"]]
    return arrays
