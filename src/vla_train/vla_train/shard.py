# SPDX-License-Identifier: Apache-2.0
"""Gathers labelled episodes in memory, as tables of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vla_policy.action import ActionSpec
from vla_policy.image import resize_image
from vla_policy.memory import SEEN
from vla_train.layout import (
    ACTION_KEY,
    IMAGE_KEY,
    MEMORY_KEY,
    NUMBERS,
    RANGES_KEY,
    STATE_KEY,
    SURROUNDINGS_KEY,
    frame_schema,
    lesson_schema,
    question_schema,
)
from vla_train.lesson import Lesson
from vla_train.questions import Question

Array = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


class Part(NamedTuple):
    """Whole episodes; `index`, `episode_index` and `task_index` are counted in the part alone.

    Attributes:
        frames: see `vla_train.layout.frame_schema`.
        lessons: see `vla_train.layout.lesson_schema`.
        questions: see `vla_train.layout.question_schema`.
        sentences: text of each `task_index`.
    """

    frames: pa.Table
    lessons: pa.Table
    questions: pa.Table
    sentences: list[str]


class Taught(NamedTuple):
    """A frame and what is right in it.

    Attributes:
        image: ``[H, W, 3]``.
        lessons: the one that it was made for first.
        about: what is remembered of what stands about the robot ``[SECTORS]``, and
        ranges: the truth of how far it is free ``[RANGES]`` [m]; see `vla_policy.surroundings`.
        questions: about the image.
    """

    image: Image
    lessons: Sequence[Lesson]
    about: Array
    ranges: Array
    questions: Sequence[Question] = ()


@dataclass
class ShardBuilder:
    """Takes the episodes of a shard, one after the other."""

    spec: ActionSpec
    image_size: tuple[int, int]
    _frames: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: []
            for name in (
                IMAGE_KEY,
                STATE_KEY,
                MEMORY_KEY,
                SURROUNDINGS_KEY,
                RANGES_KEY,
                ACTION_KEY,
                *NUMBERS,
            )
        }
    )
    _lessons: dict[str, list[Any]] = field(default_factory=dict)
    _questions: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in question_schema().names}
    )
    _sentences: dict[str, int] = field(default_factory=dict)
    _episodes: int = 0

    def __post_init__(self) -> None:
        self._lessons = {name: [] for name in lesson_schema(self.spec).names}

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._frames["index"])

    def add_episode(self, frames: Iterable[Taught]) -> None:
        """Add the frames of an episode.

        Raises:
            ValueError: there is no lesson.
        """
        for number, taught in enumerate(frames):
            if not taught.lessons:
                raise ValueError("a frame needs at least one lesson")
            self._add_frame(number, taught)
            for lesson in taught.lessons:
                self._add_lesson(lesson)
            for question in taught.questions:
                self._add_question(question)
        self._episodes += 1

    def part(self) -> Part:
        """All of it as tables."""
        return Part(
            _table(self._frames, frame_schema(self.spec)),
            _table(self._lessons, lesson_schema(self.spec)),
            _table(self._questions, question_schema()),
            list(self._sentences),
        )

    def _add_frame(self, number: int, taught: Taught) -> None:
        columns, own = self._frames, taught.lessons[0]
        columns["index"].append(len(self))
        columns["episode_index"].append(self._episodes)
        columns["frame_index"].append(number)
        columns["timestamp"].append(number * self.spec.dt)
        columns["task_index"].append(self._number_of(own.instruction))
        columns[STATE_KEY].append(own.state)
        columns[MEMORY_KEY].append(own.memory)
        columns[SURROUNDINGS_KEY].append(taught.about)
        columns[RANGES_KEY].append(taught.ranges)
        columns[ACTION_KEY].append(own.actions[0])
        columns[IMAGE_KEY].append(_png(resize_image(taught.image, *self.image_size)))

    def _add_lesson(self, lesson: Lesson) -> None:
        columns, sight = self._lessons, lesson.sight
        columns["index"].append(len(self) - 1)
        columns["task_index"].append(self._number_of(lesson.instruction))
        columns["stage"].append(lesson.stage)
        columns["state"].append(lesson.state)
        columns["memory"].append(lesson.memory)
        columns["actions"].append(lesson.actions.ravel())
        columns["mode"].append(sight.mode if sight else None)
        seen = sight is not None and sight.mode == SEEN
        columns["spot"].append(sight.spot if sight and seen else (np.nan, np.nan))
        columns["pixel"].append(lesson.pixel or (np.nan, np.nan))
        columns["more"].append(lesson.more)
        columns["mirrors"].append(lesson.mirrors)

    def _add_question(self, question: Question) -> None:
        self._questions["index"].append(len(self) - 1)
        self._questions["question"].append(question.question)
        self._questions["answer"].append(question.answer)

    def _number_of(self, sentence: str) -> int:
        return self._sentences.setdefault(sentence, len(self._sentences))


def _png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1])


def _table(columns: dict[str, list[Any]], schema: pa.Schema) -> pa.Table:
    return pa.table([_array(columns[field.name], field.type) for field in schema], schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_struct(kind):
        paths = pa.nulls(len(values), pa.string())
        return pa.StructArray.from_arrays(
            [pa.array(values, pa.binary()), paths], names=["bytes", "path"]
        )
    if pa.types.is_fixed_size_list(kind):
        flat = np.array(values, dtype=kind.value_type.to_pandas_dtype()).ravel()
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=kind)
    return pa.array(values, kind)
