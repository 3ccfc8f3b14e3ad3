# SPDX-License-Identifier: Apache-2.0
"""Writes data sets in the LeRobot layout; they appear under their name only when whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from vla_policy.action import ActionSpec
from vla_train.columns import numbers
from vla_train.dataset_statistics import DatasetStatistics
from vla_train.layout import (
    CHUNK_FILES,
    CODEBASE_VERSION,
    DATA_PATH,
    EPISODES_PATH,
    FILE_MB,
    INFO_PATH,
    LESSONS_PATH,
    QUESTIONS_PATH,
    ROBOT_TYPE,
    STATS_PATH,
    TASKS_PATH,
    features,
    file_of,
    frame_schema,
    lesson_schema,
    question_schema,
    task_schema,
)
from vla_train.shard import Part

ROWS_IN_GROUP = 256
"""Rows that are read at once, at least."""
_MB = 1 << 20


def write_dataset(
    root: Path, parts: Iterable[Part], spec: ActionSpec, image_size: tuple[int, int]
) -> int:
    """Join parts to one data set; returns its number of frames.

    What is written half is named `.<name>.<process>` beside it.
    """
    unfinished = root.with_name(f".{root.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    writer = _Writer(unfinished, spec, image_size)
    with contextlib.closing(writer.files):
        for part in parts:
            writer.append(part)
    writer.describe()
    if root.exists():
        shutil.rmtree(root)
    unfinished.rename(root)
    return writer.frames


def remove_unfinished(root: Path) -> None:
    """Remove what processes that were killed left of this data set."""
    for left in root.parent.glob(f".{root.name}.*"):
        shutil.rmtree(left)


class _Files:
    """The present file of frames and those of what is said of them; new ones from `FILE_MB` on."""

    def __init__(self, root: Path, spec: ActionSpec) -> None:
        self.number = -1
        self._root = root
        self._schemas = {
            DATA_PATH: frame_schema(spec),
            LESSONS_PATH: lesson_schema(spec),
            QUESTIONS_PATH: question_schema(),
        }
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._size = 0

    def append(self, frames: pa.Table, lessons: pa.Table, questions: pa.Table) -> None:
        if not self._writers or self._size + frames.nbytes > FILE_MB * _MB:
            self._next()
        self._size += frames.nbytes
        self._writers[DATA_PATH].write_table(frames, row_group_size=ROWS_IN_GROUP)
        self._writers[LESSONS_PATH].write_table(lessons)
        self._writers[QUESTIONS_PATH].write_table(questions)

    def _next(self) -> None:
        self.close()
        self.number += 1
        for pattern, schema in self._schemas.items():
            path = self._root / file_of(pattern, self.number)
            path.parent.mkdir(parents=True, exist_ok=True)
            # A dictionary of images would only be given up when it is full.
            self._writers[pattern] = pq.ParquetWriter(path, schema, use_dictionary=False)

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers, self._size = {}, 0


class _Writer:
    """Renumbers parts and keeps what `meta/` tells of them."""

    def __init__(self, root: Path, spec: ActionSpec, image_size: tuple[int, int]) -> None:
        self.files = _Files(root, spec)
        self.frames = 0
        self._root = root
        self._spec = spec
        self._image_size = image_size
        self._tasks: dict[str, int] = {}
        self._episodes: list[dict[str, Any]] = []
        self._statistics = DatasetStatistics()

    def append(self, part: Part) -> None:
        """Add the episodes of a part; an empty one leaves no trace."""
        if not len(part.frames):
            return
        tasks = np.array(
            [self._tasks.setdefault(text, len(self._tasks)) for text in part.sentences], np.int64
        )
        frames = _shifted(part.frames, "index", self.frames)
        frames = _shifted(frames, "episode_index", len(self._episodes))
        frames = _renumbered(frames, tasks)
        lessons = _renumbered(_shifted(part.lessons, "index", self.frames), tasks)
        self.files.append(frames, lessons, _shifted(part.questions, "index", self.frames))
        self._statistics.add(frames)
        self._take_episodes(frames)
        self.frames += len(frames)

    def describe(self) -> None:
        """Write `meta/`."""
        self._write_json(INFO_PATH, self._info())
        self._write_json(STATS_PATH, self._statistics.to_dict())
        tasks = {"task_index": list(self._tasks.values()), "task": list(self._tasks)}
        pq.write_table(pa.Table.from_pydict(tasks, task_schema()), self._root / TASKS_PATH)
        path = self._root / file_of(EPISODES_PATH, 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(self._episodes, _EPISODE_SCHEMA), path)

    def _info(self) -> dict[str, Any]:
        rate = 1.0 / self._spec.dt
        return {
            "codebase_version": CODEBASE_VERSION,
            "robot_type": ROBOT_TYPE,
            "total_episodes": len(self._episodes),
            "total_frames": self.frames,
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNK_FILES,
            "data_files_size_in_mb": FILE_MB,
            "video_files_size_in_mb": FILE_MB,
            "fps": round(rate) if abs(rate - round(rate)) < 1e-6 else rate,
            "splits": {"train": f"0:{len(self._episodes)}"},
            "data_path": DATA_PATH,
            "video_path": None,
            "features": features(self._spec, self._image_size),
        }

    def _take_episodes(self, frames: pa.Table) -> None:
        """Remember where the episodes of frames, already renumbered, begin and end."""
        texts = list(self._tasks)
        tasks = numbers(frames["task_index"])
        starts = np.flatnonzero(np.diff(numbers(frames["episode_index"]), prepend=-1))
        chunk, file = divmod(self.files.number, CHUNK_FILES)
        for start, end in zip(starts, [*starts[1:], len(frames)], strict=True):
            self._episodes.append(
                {
                    "episode_index": len(self._episodes),
                    "tasks": [texts[task] for task in dict.fromkeys(tasks[start:end].tolist())],
                    "length": int(end - start),
                    "data/chunk_index": chunk,
                    "data/file_index": file,
                    "dataset_from_index": self.frames + int(start),
                    "dataset_to_index": self.frames + int(end),
                    "meta/episodes/chunk_index": 0,
                    "meta/episodes/file_index": 0,
                }
            )

    def _write_json(self, path: str, values: dict[str, Any]) -> None:
        (self._root / path).parent.mkdir(parents=True, exist_ok=True)
        (self._root / path).write_text(json.dumps(values, indent=4) + "\n", encoding="utf-8")


_EPISODE_SCHEMA = pa.schema(
    {
        "episode_index": pa.int64(),
        "tasks": pa.list_(pa.string()),
        "length": pa.int64(),
        "data/chunk_index": pa.int64(),
        "data/file_index": pa.int64(),
        "dataset_from_index": pa.int64(),
        "dataset_to_index": pa.int64(),
        "meta/episodes/chunk_index": pa.int64(),
        "meta/episodes/file_index": pa.int64(),
    }
)


def _shifted(table: pa.Table, name: str, by: int) -> pa.Table:
    return _with(table, name, numbers(table[name]) + by)


def _renumbered(table: pa.Table, tasks: npt.NDArray[np.int64]) -> pa.Table:
    return _with(table, "task_index", tasks[numbers(table["task_index"])])


def _with(table: pa.Table, name: str, values: npt.NDArray[np.int64]) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), pa.array(values))
