# SPDX-License-Identifier: Apache-2.0
"""Opens data sets in the LeRobot layout and says what is wrong with those that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from vla_train.columns import vectors
from vla_train.errors import TrainError
from vla_train.layout import CODEBASE_VERSION, INFO_PATH, TASKS_PATH

MAJOR = CODEBASE_VERSION.split(".")[0]


@dataclass(frozen=True)
class Recording:
    """A LeRobot data set on disk.

    Attributes:
        root: its folder.
        fps: frames a second.
        features: what a frame is made of, see `vla_train.layout.features`.
        frames: how many there are.
        files: those of `data/`, in order.
        lesson_files: those of `lessons/`; empty where there is no such folder.
        question_files: those of `questions/`, likewise.
    """

    root: Path
    fps: float
    features: dict[str, dict[str, Any]]
    frames: int
    files: tuple[Path, ...]
    lesson_files: tuple[Path, ...]
    question_files: tuple[Path, ...]

    @classmethod
    def open(cls, root: Path) -> Recording:
        """The data set in a folder.

        Raises:
            TrainError: there is none, or a part of it is missing or of another version.
        """
        path = root / INFO_PATH
        info = _read_info(path)
        try:
            frames = int(info["total_frames"])
            fps, features = float(info["fps"]), dict(info["features"])
        except (KeyError, TypeError, ValueError) as error:
            raise TrainError(
                f"{path}: expected the keys total_frames, fps and features ({error!r})"
            ) from error
        files, lesson_files, question_files = (
            tuple(sorted((root / folder).glob("*/*.parquet")))
            for folder in ("data", "lessons", "questions")
        )
        found = sum(open_parquet(file).metadata.num_rows for file in files)
        if found != frames:
            raise TrainError(
                f"{root / 'data'}: expected the {frames} frames that {INFO_PATH} tells of, found "
                f"{found} in {len(files)} file(s): is a file missing?"
            )
        return cls(root, fps, features, frames, files, lesson_files, question_files)

    @property
    def cameras(self) -> list[str]:
        """Features that are images or videos."""
        return [k for k, f in self.features.items() if f.get("dtype") in ("image", "video")]

    def names(self, key: str) -> list[str]:
        """Names of a vector's values; empty where it has none."""
        names = self.features.get(key, {}).get("names") or []
        if isinstance(names, dict):  # {"motors": [...]}, as some data sets have it
            names = [name for part in names.values() if isinstance(part, list) for name in part]
        return [str(name) for name in names]

    def sentences(self) -> list[str]:
        """The text of each task, by its `task_index`.

        Raises:
            TrainError: the table is missing or damaged.
        """
        path = self.root / TASKS_PATH
        table = open_parquet(path).read()
        # pandas names a column for an index that has no name itself.
        texts = [name for name in table.column_names if name != "task_index"]
        if "task_index" not in table.column_names or not texts:
            raise TrainError(
                f"{path}: expected the columns task_index and task (got {table.column_names})"
            )
        name = "task" if "task" in texts else texts[-1]
        by_number = dict(
            zip(table["task_index"].to_pylist(), table[name].to_pylist(), strict=True)
        )
        if sorted(by_number) != list(range(len(by_number))):
            raise TrainError(
                f"{path}: expected the task_index 0 to {len(by_number) - 1}, each once"
            )
        return [str(by_number[number]) for number in range(len(by_number))]

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """A column of numbers ``[frames]``."""
        return self.vectors(name)[:, 0]

    def vectors(self, name: str) -> npt.NDArray[Any]:
        """A column of vectors ``[frames, n]``.

        Raises:
            TrainError: a file has no such column, or it is damaged.
        """
        return _joined([read_columns(file, [name])[name] for file in self.files])


def read_columns(path: Path, names: list[str]) -> dict[str, npt.NDArray[Any]]:
    """Columns of a file: vectors ``[N, n]``, numbers as vectors of one.

    Raises:
        TrainError: the file lacks one, or is damaged.
    """
    file = open_parquet(path)
    _require(path, file, names)
    arrays = {}
    for name in names:
        try:
            arrays[name] = vectors(file.read(columns=[name])[name])
        except (pa.ArrowException, OSError, ValueError) as error:
            raise TrainError(f"{path}: the column {name} cannot be read: {error}") from error
    return arrays


def encoded_images(path: Path, key: str) -> Iterator[bytes | None]:
    """The images of a file as they are stored, one after the other.

    Raises:
        TrainError: the file has none of this name, or is damaged.
    """
    file = open_parquet(path)
    _require(path, file, [key])
    kind = file.schema_arrow.field(key).type
    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        raise TrainError(f"{path}: expected images (bytes, path) in the column {key} (got {kind})")
    try:
        for batch in file.iter_batches(batch_size=64, columns=[key]):
            yield from (image.as_py() for image in batch.column(0).field("bytes"))
    except (pa.ArrowException, OSError) as error:
        raise TrainError(f"{path}: the column {key} cannot be read: {error}") from error


def open_parquet(path: Path) -> pq.ParquetFile:
    """A Parquet file, mapped into memory.

    Raises:
        TrainError: it is missing or damaged.
    """
    try:
        return pq.ParquetFile(path, memory_map=True)
    except FileNotFoundError as error:
        raise TrainError(f"{path} is missing") from error
    except (pa.ArrowException, OSError) as error:
        raise TrainError(f"{path}: expected a Parquet file: {error}") from error


def _read_info(path: Path) -> dict[str, Any]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainError(
            f"{path.parent.parent}: expected a LeRobot data set {CODEBASE_VERSION}, but "
            f"{INFO_PATH} cannot be read ({error.strerror})"
        ) from error
    except ValueError as error:
        raise TrainError(f"{path}: expected JSON: {error}") from error
    version = str(info.get("codebase_version")) if isinstance(info, dict) else "none"
    if version.split(".")[0] != MAJOR:
        raise TrainError(
            f"{path}: expected codebase_version {CODEBASE_VERSION} (got {version}); LeRobot comes "
            "with programs that convert older data sets"
        )
    return dict(info)


def _require(path: Path, file: pq.ParquetFile, names: list[str]) -> None:
    missing = [name for name in names if name not in file.schema_arrow.names]
    if missing:
        raise TrainError(
            f"{path}: expected the column {missing[0]} (there are: "
            f"{', '.join(file.schema_arrow.names)})"
        )


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros((0, 1))
