# SPDX-License-Identifier: Apache-2.0
"""Labelled frames as a network takes them, drawn at random from data sets on disk."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from vla_train.config import DatasetSource, RunConfig
from vla_train.errors import TrainError
from vla_train.labels import LABEL_TYPES, Labels, labels_of
from vla_train.mirror import mirror_signs, mirrored_cells, mirrored_sentence
from vla_train.pixels import cached_pixels
from vla_train.recording import Recording

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
        more: ``[B * Q]`` 1 where another part of the sentence follows this one, else 0.
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
    more: torch.Tensor

    def parts(self, count: int) -> Iterator[Batch]:
        """The batch in `count` parts, as even as can be."""
        images = len(self.images)
        lessons = len(self.actions) // images
        ends = [images * (part + 1) // count for part in range(count)]
        for begin, end in itertools.pairwise([0, *ends]):
            rows = slice(begin * lessons, end * lessons)
            yield Batch(self.images[begin:end], *(value[rows] for value in self[1:]))


class FrameDataset:
    """All frames of some data sets, drawn at random.

    Images stay on disk and are mapped into memory; what is said about them is small.

    Args:
        sources: in the order of their frames.
        cache: folder for the images as the network takes them.
        embed: a language encoder's own.

    Raises:
        TrainError: a data set cannot be read or does not fit the run; or there is no frame.
    """

    def __init__(
        self, sources: Sequence[DatasetSource], config: RunConfig, cache: Path, embed: Embed
    ) -> None:
        texts: dict[str, int] = {}
        labels: list[Labels] = []
        self._images: list[npt.NDArray[np.uint8]] = []
        for source in sources:
            recording = Recording.open(Path(source.path))
            if recording.frames:
                part = labels_of(recording, source, config.action, config.model.grid)
                labels.append(_renumbered(part, texts))
                camera = _camera(recording, source)
                self._images += cached_pixels(recording, camera, config.image_size, cache)
        if not labels:
            raise TrainError(
                f"no frame to train on in {', '.join(s.path for s in sources) or 'no data set'}"
            )
        self._starts = np.cumsum([0, *map(len, self._images)])
        offsets = np.cumsum([0, *(part.first[-1] for part in labels)])
        # Where the lessons of each frame begin, and after the last frame's: [frames + 1].
        begins = [part.first[:-1] + by for part, by in zip(labels, offsets, strict=False)]
        self._first = np.concatenate([*begins, offsets[-1:]])
        self._lessons = {
            name: np.concatenate([part.columns[name] for part in labels]) for name in LABEL_TYPES
        }
        self._grid, self._mirror_share = config.model.grid, config.mirror_share
        self._signs: dict[str, npt.NDArray[Any]] = {}
        self._mirrored: npt.NDArray[np.int64] = np.arange(len(texts))
        if self._mirror_share:
            self._signs = mirror_signs(config.action)
            others = [mirrored_sentence(text) for text in texts]
            self._mirrored = np.array([texts.setdefault(text, len(texts)) for text in others])
        self._language = embed(list(texts))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def draw(
        self, rng: np.random.Generator, size: int, lessons: int, share: slice = slice(None)
    ) -> Batch:
        """`size` random frames with `lessons` each, or a share of these frames."""
        frames = np.sort(rng.integers(len(self), size=size))
        turns, mirrored = rng.random(size), rng.random(size) < self._mirror_share
        return self.take(frames[share], lessons, turns[share], mirrored[share])

    def take(
        self,
        frames: npt.NDArray[np.int64],
        lessons: int = 1,
        turns: npt.NDArray[np.float64] | None = None,
        mirrored: npt.NDArray[np.bool_] | None = None,
    ) -> Batch:
        """These frames with their first lesson and `lessons` - 1 of the others.

        Args:
            frames: sorted numbers of frames.
            lessons: how many each.
            turns: for each frame, where in [0, 1) among the others to begin; they are taken in
                turn, round and round where there are too few.
            mirrored: for each frame, whether it is to be mirrored if one of its lessons can be;
                only such lessons are taken then.
        """
        turns = np.zeros(len(frames)) if turns is None else turns
        mirrored = np.zeros(len(frames), dtype=bool) if mirrored is None else mirrored
        rows, flipped = [], []
        for frame, turn, mirror in zip(frames, turns, mirrored, strict=True):
            of_frame = np.arange(self._first[frame], self._first[frame + 1])
            fit = of_frame[self._lessons["mirrors"][of_frame] > 0] if mirror else of_frame
            flipped.append(mirror and len(fit) > 0)
            rows.append(_in_turn(fit if len(fit) else of_frame, lessons, turn))
        flip = np.array(flipped)
        images = self._read_images(frames)
        images[flip] = images[flip, :, ::-1]
        chosen = self._chosen(np.concatenate(rows), np.repeat(flip, lessons))
        return Batch(
            images=torch.from_numpy(images).permute(0, 3, 1, 2)[:, None],
            language=self._language[torch.from_numpy(chosen.pop("sentences"))],
            **{name: torch.from_numpy(values) for name, values in chosen.items()},
        )

    def _chosen(
        self, rows: npt.NDArray[np.int64], flip: npt.NDArray[np.bool_]
    ) -> dict[str, npt.NDArray[Any]]:
        """These lessons, some of them mirrored."""
        chosen = {name: values[rows] for name, values in self._lessons.items()}
        del chosen["mirrors"]
        for name, signs in self._signs.items():
            chosen[name][flip] *= signs
        chosen["cells"][flip] = mirrored_cells(chosen["cells"][flip], self._grid)
        chosen["sentences"][flip] = self._mirrored[chosen["sentences"][flip]]
        return chosen

    def _read_images(self, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        file_of = np.searchsorted(self._starts, frames, side="right") - 1
        return np.concatenate(
            [
                self._images[number][frames[file_of == number] - self._starts[number]]
                for number in np.unique(file_of)
            ]
        )


def _in_turn(rows: npt.NDArray[np.int64], count: int, turn: float) -> npt.NDArray[np.int64]:
    """The first row, and `count` - 1 of the others from `turn` in [0, 1) on, round and round."""
    others = np.roll(rows[1:], -int(turn * (len(rows) - 1))) if len(rows) > 1 else rows
    return np.append(rows[0], np.resize(others, count - 1))


def _renumbered(labels: Labels, texts: dict[str, int]) -> Labels:
    """Labels whose sentences are numbers of `texts`, which gets those that are new."""
    numbers = np.array([texts.setdefault(text, len(texts)) for text in labels.texts])
    columns = {**labels.columns, "sentences": numbers[labels.columns["sentences"]]}
    return dataclasses.replace(labels, texts=list(texts), columns=columns)


def _camera(recording: Recording, source: DatasetSource) -> str:
    """The feature that the images are taken from."""
    there = recording.cameras
    key = source.image_key or (there[0] if len(there) == 1 else None)
    if key not in there:
        asked = f"no camera {key}" if key else f"{len(there)} cameras"
        raise TrainError(
            f"{recording.root}: expected one camera, or one chosen by `image_key` (got {asked}; "
            f"there are: {', '.join(there) or 'none'})"
        )
    return key
