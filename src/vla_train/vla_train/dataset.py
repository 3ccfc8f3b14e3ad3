# SPDX-License-Identifier: Apache-2.0
"""Labelled frames on disk: shards of plain arrays, memory-mapped, larger than memory.

A shard is a directory; it appears under its name only when it is whole, so that collection
that was cut off goes on with the shards that are missing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.action import ActionSpec
from vla_policy.image import resize_image
from vla_policy.sentence import shared_encoder
from vla_sim.task import Task
from vla_train.rollout import Frame
from vla_train.visibility import cell_of

_ARRAYS = ("images", "states", "actions", "cells", "sentences")
_TEXTS_FILE = "sentences.json"
MOVE_SHARE = 0.22
CELL_IGNORED = -100
"""Label of frames whose sentence names no thing; torch's cross-entropy passes over it."""


class Batch(NamedTuple):
    """Frames as a network takes them.

    Attributes:
        images: ``[B, 1, 3, H, W]`` uint8.
        embeddings: ``[B, 384]`` of the sentences.
        states: ``[B, 3]``.
        actions: ``[B, horizon, action_dim]`` in [-1, 1].
        cells: ``[B]`` where the named thing is seen; the number of cells: not in view.
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
    _frames: dict[str, list[npt.NDArray[np.generic]]] = field(
        default_factory=lambda: {name: [] for name in _ARRAYS}
    )
    _texts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._frames["cells"])

    def add(self, task: Task, frames: Iterable[Frame]) -> None:
        """Add the frames of one episode."""
        sentence = self._texts.setdefault(task.instruction, len(self._texts))
        columns = self._frames
        for frame in frames:
            cell = CELL_IGNORED if task.target is None else cell_of(frame.pixel, self.grid)
            columns["images"].append(resize_image(frame.observation.images[-1], *self.image_size))
            columns["states"].append(frame.observation.state)
            columns["actions"].append(self.spec.normalise(frame.label))
            columns["cells"].append(np.array(cell, np.int64))
            columns["sentences"].append(np.array(sentence, np.int64))

    def write(self, directory: Path) -> None:
        """Write the shard; it appears whole or not at all."""
        unfinished = directory.with_name(f".{directory.name}.{os.getpid()}")
        unfinished.mkdir(parents=True, exist_ok=True)
        for name, values in self._frames.items():
            np.save(unfinished / f"{name}.npy", np.stack(values))
        (unfinished / _TEXTS_FILE).write_text(json.dumps(list(self._texts)), encoding="utf-8")
        if directory.exists():
            shutil.rmtree(directory)
        unfinished.rename(directory)


class FrameDataset:
    """All frames of some shards, drawn at random."""

    def __init__(self, shards: list[Path]) -> None:
        self._shards = [
            {name: np.load(shard / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
            for shard in shards
        ]
        self._starts = np.cumsum([0, *(len(shard["cells"]) for shard in self._shards)])
        self._embeddings = [_embeddings_of(shard) for shard in shards]
        cells = np.concatenate([shard["cells"] for shard in self._shards])
        self._moves = np.flatnonzero(cells == CELL_IGNORED)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` random frames, `MOVE_SHARE` of them of sentences that name no thing.

        Turns and moves last a few seconds, searching and driving many: without a share of
        their own they would hardly be seen.
        """
        indices = rng.integers(len(self), size=size)
        moves = round(size * MOVE_SHARE)
        if len(self._moves) and moves:
            indices[:moves] = self._moves[rng.integers(len(self._moves), size=moves)]
        return self.take(np.sort(indices))

    def take(self, indices: npt.NDArray[np.int64]) -> Batch:
        """The frames of these indices, which must be sorted."""
        shard_of = np.searchsorted(self._starts, indices, side="right") - 1
        parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in _ARRAYS}
        embeddings = []
        for number in np.unique(shard_of):
            rows = indices[shard_of == number] - self._starts[number]
            for name in _ARRAYS:
                parts[name].append(self._shards[number][name][rows])
            embeddings.append(self._embeddings[number][parts["sentences"][-1]])
        joined = {name: torch.from_numpy(np.concatenate(parts[name])) for name in _ARRAYS}
        return Batch(
            images=joined["images"].permute(0, 3, 1, 2)[:, None],
            embeddings=torch.cat(embeddings),
            states=joined["states"],
            actions=joined["actions"],
            cells=joined["cells"],
        )


def _embeddings_of(shard: Path) -> torch.Tensor:
    texts = json.loads((shard / _TEXTS_FILE).read_text(encoding="utf-8"))
    return shared_encoder()(texts)
