# SPDX-License-Identifier: Apache-2.0
"""Joins the shards of a round, each a small data set, to one data set.

Cut off at any moment there are either all shards or the whole data set; the next start goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from vla_policy.action import ActionSpec
from vla_train.dataset_writer import remove_unfinished, write_dataset
from vla_train.errors import TrainError
from vla_train.layout import question_schema
from vla_train.recording import Recording, open_parquet
from vla_train.shard import Part


def join_shards(
    dataset: Path, shards: Sequence[Path], spec: ActionSpec, image_size: tuple[int, int]
) -> int:
    """Write the data set, then remove the shards; returns its number of frames.

    Raises:
        TrainError: a shard is damaged.
    """
    remove_unfinished(dataset)
    frames = write_dataset(dataset, (_part_of(shard) for shard in shards), spec, image_size)
    remove_shards(dataset, shards)
    return frames


def remove_shards(dataset: Path, shards: Sequence[Path]) -> None:
    """Remove the folders of shards that lie in the data set."""
    if dataset.exists():
        for folder in {shard.parent for shard in shards}:
            shutil.rmtree(folder, ignore_errors=True)


def _part_of(shard: Path) -> Part:
    try:
        recording = Recording.open(shard)
        frames, lessons, questions = (
            pa.concat_tables([open_parquet(file).read() for file in files])
            if files
            else question_schema().empty_table()  # nothing is read of other tables without a row
            for files in (recording.files, recording.lesson_files, recording.question_files)
        )
        return Part(frames, lessons, questions, recording.sentences())
    except TrainError as error:
        raise TrainError(f"{error}; remove {shard}, and it is collected again") from error
