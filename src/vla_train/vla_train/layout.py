# SPDX-License-Identifier: Apache-2.0
"""The LeRobot data set layout, version 3: which files there are and what they hold.

The layout is that of huggingface/lerobot, src/lerobot/datasets. Lessons and questions are an
addition of ours: tables of their own, which other readers pass over.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from vla_policy.action import ActionSpec
from vla_policy.memory import MEMORY_DIM, MEMORY_NAMES
from vla_policy.pose import STATE_DIM, STATE_NAMES
from vla_policy.surroundings import RANGES, SECTORS

CODEBASE_VERSION = "v3.0"
INFO_PATH = "meta/info.json"
STATS_PATH = "meta/stats.json"
TASKS_PATH = "meta/tasks.parquet"
_FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA_PATH = f"data/{_FILE}"
EPISODES_PATH = f"meta/episodes/{_FILE}"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
LESSONS_PATH = f"lessons/{_FILE}"
QUESTIONS_PATH = f"questions/{_FILE}"
CHUNK_FILES = 1000
"""Files in a folder `chunk-...`."""
FILE_MB = 100
"""Size at which the next file begins."""
ROBOT_TYPE = "vla_sim"

IMAGE_KEY = "observation.images.front"
STATE_KEY = "observation.state"
MEMORY_KEY = "observation.memory"
SURROUNDINGS_KEY = "observation.surroundings"
RANGES_KEY = "ranges"
"""What is remembered of what stands about, and the truth of how far it is free; see
`vla_policy.surroundings`."""
ACTION_KEY = "action"

NUMBERS = {
    "timestamp": pa.float32(),
    "frame_index": pa.int64(),
    "episode_index": pa.int64(),
    "index": pa.int64(),
    "task_index": pa.int64(),
}
"""What every data set has of each frame: s and number in its episode, episode, number, task."""

_IMAGE_TYPE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
"""As the `Image` feature of Hugging Face's `datasets` is stored."""


def file_of(pattern: str, number: int) -> Path:
    """Where the file of this number lies, from one of the patterns above."""
    chunk, file = divmod(number, CHUNK_FILES)
    return Path(pattern.format(chunk_index=chunk, file_index=file))


def features(spec: ActionSpec, image_size: tuple[int, int]) -> dict[str, dict[str, Any]]:
    """What a frame is made of, as `meta/info.json` tells it."""
    return {
        IMAGE_KEY: {
            "dtype": "image",
            "shape": [*image_size, 3],
            "names": ["height", "width", "channels"],
        },
        STATE_KEY: _vector_feature(STATE_NAMES),
        MEMORY_KEY: _vector_feature(MEMORY_NAMES),
        SURROUNDINGS_KEY: _vector_feature(_numbered(SECTORS)),
        RANGES_KEY: _vector_feature(_numbered(RANGES)),
        ACTION_KEY: _vector_feature(spec.names),
        **{
            name: {"dtype": _name_of(kind), "shape": [1], "names": None}
            for name, kind in NUMBERS.items()
        },
    }


def frame_schema(spec: ActionSpec) -> pa.Schema:
    """Columns of `data/`; the metadata tells `datasets` that the images are images."""
    widths = {
        STATE_KEY: STATE_DIM,
        MEMORY_KEY: MEMORY_DIM,
        SURROUNDINGS_KEY: SECTORS,
        RANGES_KEY: RANGES,
        ACTION_KEY: spec.action_dim,
    }
    described = {
        IMAGE_KEY: {"_type": "Image"},
        **{name: _described_vector(width) for name, width in widths.items()},
        **{name: _described_number(kind) for name, kind in NUMBERS.items()},
    }
    return pa.schema(
        {
            IMAGE_KEY: _IMAGE_TYPE,
            **{name: pa.list_(pa.float32(), width) for name, width in widths.items()},
            **NUMBERS,
        },
        metadata={"huggingface": json.dumps({"info": {"features": described}})},
    )


def lesson_schema(spec: ActionSpec) -> pa.Schema:
    """Columns of `lessons/`: every sentence that a frame is labelled for, its own one first.

    `index` is the frame's. `state`, `memory`, `stage`, `actions` (``[horizon * action_dim]`` in
    m/s and rad/s) and `more` are those of `vla_train.lesson.Lesson`, `mode` and `spot` those
    of its `Sight`; `mode` is null where nothing is named, `spot` and `pixel` (column and row in
    the camera's image) are NaN where the named thing is not seen.
    """
    return pa.schema(
        {
            "index": pa.int64(),
            "task_index": pa.int64(),
            "stage": pa.int8(),
            "state": pa.list_(pa.float32(), STATE_DIM),
            "memory": pa.list_(pa.float32(), MEMORY_DIM),
            "actions": pa.list_(pa.float32(), spec.horizon * spec.action_dim),
            "mode": pa.int8(),
            "spot": pa.list_(pa.float32(), 2),
            "pixel": pa.list_(pa.float64(), 2),
            "more": pa.bool_(),
            "mirrors": pa.bool_(),
        }
    )


def question_schema() -> pa.Schema:
    """Columns of `questions/`: those about a frame, if there are any; `index` is the frame's."""
    return pa.schema({"index": pa.int64(), "question": pa.string(), "answer": pa.string()})


def task_schema() -> pa.Schema:
    """Columns of `meta/tasks.parquet`; the metadata makes `task` the index of pandas's frame."""

    def column(name: str | None, kind: str, numpy_type: str) -> dict[str, Any]:
        return {
            "name": name,
            "field_name": name,
            "pandas_type": kind,
            "numpy_type": numpy_type,
            "metadata": None,
        }

    names = {**column(None, "unicode", "object"), "metadata": {"encoding": "UTF-8"}}
    columns = [column("task_index", "int64", "int64"), column("task", "unicode", "object")]
    described = {
        "index_columns": ["task"],
        "column_indexes": [names],
        "columns": columns,
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    return pa.schema(
        {"task_index": pa.int64(), "task": pa.string()},
        metadata={"pandas": json.dumps(described)},
    )


def _vector_feature(names: tuple[str, ...]) -> dict[str, Any]:
    return {"dtype": "float32", "shape": [len(names)], "names": list(names)}


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _described_vector(width: int) -> dict[str, Any]:
    return {"_type": "Sequence", "feature": _described_number(pa.float32()), "length": width}


def _described_number(kind: pa.DataType) -> dict[str, Any]:
    return {"_type": "Value", "dtype": _name_of(kind)}


def _name_of(kind: pa.DataType) -> str:
    """As NumPy and `datasets` call a type."""
    return {"float": "float32"}.get(str(kind), str(kind))
