# SPDX-License-Identifier: Apache-2.0
"""Labelled frames as a network takes them, drawn at random from data sets on disk."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.models.config import keeps_off
from vla_train.config import DatasetSource, RunConfig
from vla_train.devices import to_device
from vla_train.errors import TrainError
from vla_train.frame_space import FrameSpace
from vla_train.labels import LABEL_TYPES, Labels, episode_bounds, labels_of
from vla_train.mirror import mirror_signs, mirrored_cells, mirrored_sentence
from vla_train.pixels import cached_pixels
from vla_train.quiz import FrameQuestions, Quiz
from vla_train.recording import Recording
from vla_train.sentences import Progress, Sentences, untold

CPU = torch.device("cpu")
IMAGES_SHARE = 0.6
"""Share of a GPU's free memory that images may take; else they are copied batch by batch."""

Integers = npt.NDArray[np.int64]


class Batch(NamedTuple):
    """B images with Q lessons and K questions each, as a network takes them.

    See `EndToEndVLA.fuse` for those of lessons.

    Attributes:
        images: ``[B, T, 3, H, W]`` uint8, oldest first; before an episode's first frame, copies
            of that.
        language: ``[B * Q, ...]`` what `embed` made of the sentences, each image's after the
            other.
        states: ``[B * Q, 3]``; `memories` too, or with what stands about the robot after them.
        stages: ``[B * Q]``.
        actions: ``[B * Q, horizon, action_dim]`` in [-1, 1].
        cells: ``[B * Q]`` where the named thing is seen; the number of cells: not in view.
        modes: ``[B * Q]`` see `vla_policy.memory.MODES`.
        spots: ``[B * Q, 2]`` m ahead and to the left; NaN where it is not seen.
        more: ``[B * Q]`` 1 where another part of the sentence follows this one, else 0.
        questions: ``[B * K, ...]`` what the network's `vla_train.quiz.Quiz` made of them, each
            image's after the other; None where none are asked.
        answers: ``[B * K, ...]`` to these.
        ranges: ``[B, RANGES]`` how far it is free [m], NaN where nobody said; None where the
            network does not say it (`vla_policy.surroundings`).
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
    questions: torch.Tensor | None = None
    answers: torch.Tensor | None = None
    ranges: torch.Tensor | None = None

    def parts(self, count: int) -> Iterator[Batch]:
        """The batch in `count` parts, as even as can be."""
        images = len(self.images)
        there = {name: value for name, value in self._asdict().items() if value is not None}
        ends = [images * (part + 1) // count for part in range(count)]
        for begin, end in itertools.pairwise([0, *ends]):
            rows = {name: len(value) // images for name, value in there.items()}
            yield Batch(
                **{
                    name: value[begin * rows[name] : end * rows[name]]
                    for name, value in there.items()
                }
            )


class FrameDataset:
    """All frames of some data sets, drawn at random.

    What is said about the images is small and lies on the device that trains. Images lie there,
    too, if it is a GPU that has room for them; else they stay on disk, mapped into memory.

    Args:
        sources: in the order of their frames.
        cache: folder for the images as the network takes them.
        sentences: of the network's language encoder; it keeps what it embeds for the next one.
        device: where batches are wanted.
        quiz: the network's own, if the run asks questions.
        progress: told how many of the new sentences are embedded, which takes the longest.

    Raises:
        TrainError: a data set cannot be read or does not fit the run; or there is no frame.
    """

    def __init__(
        self,
        sources: Sequence[DatasetSource],
        config: RunConfig,
        cache: Path,
        sentences: Sentences,
        device: torch.device = CPU,
        quiz: Quiz | None = None,
        progress: Progress = untold,
    ) -> None:
        recordings: list[Recording] = []
        labels: list[Labels] = []
        images: list[npt.NDArray[np.uint8]] = []
        starts: list[npt.NDArray[Any]] = []
        for source in sources:
            recording = Recording.open(Path(source.path))
            if recording.frames:
                part = labels_of(recording, source, config.action, config.model.grid)
                labels.append(_renumbered(part, sentences))
                recordings.append(recording)
                starts.append(sum(map(len, starts)) + episode_bounds(recording)[0])
                camera = _camera(recording, source)
                images += cached_pixels(recording, camera, config.image_size, cache)
        if not labels:
            raise TrainError(
                f"no frame to train on in {', '.join(s.path for s in sources) or 'no data set'}"
            )
        self._device = device
        self._images = _Images(images, device)
        self._history = config.model.history
        # Where the episode of each frame begins.
        self._starts: npt.NDArray[Any] = np.concatenate(starts)
        columns = {
            name: np.concatenate([part.columns[name] for part in labels]) for name in LABEL_TYPES
        }
        offsets = np.cumsum([0, *(part.first[-1] for part in labels)])
        begins = [part.first[:-1] + by for part, by in zip(labels, offsets, strict=False)]
        self._all = _Lessons(np.concatenate([*begins, offsets[-1:]]))
        self._mirrorable = self._all.subset(columns.pop("mirrors") > 0)
        self._grid, self._mirror_share = config.model.grid, config.mirror_share
        self._signs: dict[str, torch.Tensor] = {}
        mirrored: npt.NDArray[Any] = np.zeros(0, dtype=np.int64)
        if self._mirror_share:
            signs = mirror_signs(config.action)
            self._signs = {name: torch.from_numpy(by).to(device) for name, by in signs.items()}
            mirrored = sentences.numbers(map(mirrored_sentence, sentences.texts()))
        self._mirrored = torch.from_numpy(mirrored).to(device)
        self._columns = {
            name: torch.from_numpy(values).to(device) for name, values in columns.items()
        }
        self._language = sentences.rows(progress)
        self._space: FrameSpace | None = None
        if keeps_off(config.model):
            self._space = FrameSpace(recordings, device)
        self._questions: FrameQuestions | None = None
        if quiz is not None and config.questions_per_frame:
            per_frame = config.questions_per_frame
            self._questions = FrameQuestions(recordings, quiz, per_frame, device)

    def __len__(self) -> int:
        return len(self._starts)

    def draw(
        self,
        rng: np.random.Generator,
        size: int,
        lessons: int,
        share: slice = slice(None),
        still: bool = False,
    ) -> Batch:
        """`size` random frames with `lessons` each, or a share of these frames.

        Args:
            still: one image of each, as if the robot had stood.
        """
        frames = np.sort(rng.integers(len(self), size=size))
        turns, mirrored = rng.random(size), rng.random(size) < self._mirror_share
        return self.take(frames[share], lessons, turns[share], mirrored[share], still)

    def take(
        self,
        frames: Integers,
        lessons: int = 1,
        turns: npt.NDArray[np.float64] | None = None,
        mirrored: npt.NDArray[np.bool_] | None = None,
        still: bool = False,
    ) -> Batch:
        """These frames with their first lesson and `lessons` - 1 of the others.

        Args:
            frames: sorted numbers of frames.
            lessons: how many each.
            turns: for each frame, where in [0, 1) among the others to begin; they are taken in
                turn, round and round where there are too few. So are its questions, but once.
            mirrored: for each frame, whether it is to be mirrored if one of its lessons can be;
                only such lessons are taken then.
            still: the newest image alone stands for its history.
        """
        turns = np.zeros(len(frames)) if turns is None else turns
        mirrored = np.zeros(len(frames), dtype=bool) if mirrored is None else mirrored
        flip = mirrored & (self._mirrorable.count(frames) > 0)
        rows = np.where(
            flip[:, None],
            self._mirrorable.in_turn(frames, lessons, turns),
            self._all.in_turn(frames, lessons, turns),
        )
        flipped = to_device(flip, self._device)
        images = self._images.take(frames[:, None] if still else self._windows(frames))
        if self._mirror_share:
            images = torch.where(flipped[:, None, None, None, None], images.flip(-1), images)
        chosen = self._chosen(
            to_device(rows.ravel(), self._device), flipped.repeat_interleave(lessons)
        )
        language = self._language[chosen.pop("sentences")]
        batch = Batch(images=images, language=language, **chosen)
        if self._space is not None:
            about, ranges = self._space.take(frames, flipped)
            about = about.repeat_interleave(lessons, dim=0)
            memories = torch.cat([batch.memories, about], dim=1)
            batch = batch._replace(memories=memories, ranges=ranges)
        if not self._questions:
            return batch
        questions, answers = self._questions.take(frames, turns, flip)
        return batch._replace(questions=questions, answers=answers)

    def _windows(self, frames: Integers) -> Integers:
        """The frames that are seen with each ``[N, T]``, oldest first."""
        ages = np.arange(self._history)[::-1]
        return np.maximum(frames[:, None] - ages, self._starts[frames][:, None])

    def _chosen(self, rows: torch.Tensor, flip: torch.Tensor) -> dict[str, torch.Tensor]:
        """These lessons, some of them mirrored."""
        chosen = {name: values[rows] for name, values in self._columns.items()}
        if not self._mirror_share:
            return chosen
        for name, signs in self._signs.items():
            value = chosen[name]
            by = flip.view(-1, *[1] * (value.ndim - 1))
            chosen[name] = torch.where(by, value * signs, value)
        cells, sentences = chosen["cells"], chosen["sentences"]
        chosen["cells"] = torch.where(flip, mirrored_cells(cells, self._grid), cells)
        chosen["sentences"] = torch.where(flip, self._mirrored[sentences], sentences)
        return chosen


class _Lessons:
    """Which rows are the lessons of which frame.

    Args:
        first: where those of each frame begin, and after the last frame's, ``[frames + 1]``.
        rows: what is counted there; by default the rows themselves.
    """

    def __init__(self, first: Integers, rows: Integers | None = None) -> None:
        self._first = first
        self._rows = rows

    def subset(self, chosen: npt.NDArray[np.bool_]) -> _Lessons:
        """Those of the rows that are chosen."""
        counted = np.concatenate([[0], np.cumsum(chosen)])
        return _Lessons(counted[self._first], np.flatnonzero(chosen))

    def count(self, frames: Integers) -> Integers:
        """How many each frame has."""
        counted: Integers = self._first[frames + 1] - self._first[frames]
        return counted

    def in_turn(self, frames: Integers, count: int, turns: npt.NDArray[np.float64]) -> Integers:
        """Of each frame the first row, and `count` - 1 others from `turns` in [0, 1) on.

        Round and round where there are too few; what frames without any get means nothing.
        """
        others = np.maximum(self.count(frames) - 1, 1)[:, None]
        begin = (turns * np.maximum(self.count(frames) - 1, 0)).astype(np.int64)[:, None]
        place = 1 + (begin + np.arange(count - 1)) % others  # [N, count - 1]
        place = np.where(self.count(frames)[:, None] > 1, place, 0)
        first = self._first[frames][:, None]
        rows = first + np.concatenate([np.zeros_like(first), place], axis=1)
        if self._rows is None:
            return rows
        if not len(self._rows):
            return np.zeros_like(rows)
        return self._rows[np.minimum(rows, len(self._rows) - 1)]


class _Images:
    """The images of all frames, ``[N, H, W, 3]`` uint8 in files, by their numbers."""

    def __init__(self, files: list[npt.NDArray[np.uint8]], device: torch.device) -> None:
        self._files = files
        self._device = device
        self._ends = np.cumsum([0, *map(len, files)])
        self._there: torch.Tensor | None = None
        size = sum(file.nbytes for file in files)
        if device.type == "cuda":
            torch.cuda.empty_cache()  # what the data set before this one has left
        if device.type == "cuda" and size < IMAGES_SHARE * torch.cuda.mem_get_info(device)[0]:
            self._there = torch.empty(
                (int(self._ends[-1]), *files[0].shape[1:]), dtype=torch.uint8, device=device
            )
            for begin, file in zip(self._ends, files, strict=False):
                self._there[begin : begin + len(file)] = torch.from_numpy(np.array(file))

    def take(self, windows: Integers) -> torch.Tensor:
        """``[B, T]`` numbers to images ``[B, T, 3, H, W]`` on the device."""
        if self._there is not None:
            images = self._there[to_device(windows, self._device)]
        else:
            numbers, inverse = np.unique(windows, return_inverse=True)
            images = to_device(self._read(numbers)[inverse.reshape(windows.shape)], self._device)
        return images.permute(0, 1, 4, 2, 3)

    def _read(self, frames: Integers) -> npt.NDArray[np.uint8]:
        """Images of sorted numbers."""
        file_of = np.searchsorted(self._ends, frames, side="right") - 1
        return np.concatenate(
            [
                self._files[number][frames[file_of == number] - self._ends[number]]
                for number in np.unique(file_of)
            ]
        )


def _renumbered(labels: Labels, sentences: Sentences) -> Labels:
    """Labels whose sentences are numbers of `sentences`."""
    numbers = sentences.numbers(labels.texts)
    columns = {**labels.columns, "sentences": numbers[labels.columns["sentences"]]}
    return dataclasses.replace(labels, columns=columns)


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
