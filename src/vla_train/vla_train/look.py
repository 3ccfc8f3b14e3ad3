# SPDX-License-Identifier: Apache-2.0
"""What is in a data set, to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from vla_train.columns import decode_image
from vla_train.errors import TrainError
from vla_train.layout import ACTION_KEY
from vla_train.recording import Recording, encoded_images, open_parquet
from vla_train.sheet import Tile
from vla_train.videos import video_frames


def describe(recording: Recording) -> list[str]:
    """A line each on frames, episodes, sentences, cameras and lessons."""
    episodes = len(np.unique(recording.numbers("episode_index"))) if recording.frames else 0
    lessons = sum(open_parquet(file).metadata.num_rows for file in recording.lesson_files)
    return [
        f"{recording.frames} frames at {recording.fps:g} a second, {episodes} episodes",
        f"{len(recording.sentences())} sentences",
        f"cameras: {', '.join(recording.cameras) or 'none'}",
        f"{lessons} lessons" if recording.lesson_files else "no lessons: a recording",
    ]


def tiles(recording: Recording, key: str, count: int) -> Iterator[Tile]:
    """Frames all along a data set, with their sentence and action.

    Args:
        key: of the camera, see `Recording.cameras`.

    Raises:
        TrainError: there is no such camera, or a frame cannot be read.
    """
    if key not in recording.cameras:
        known = ", ".join(recording.cameras) or "none"
        raise TrainError(f"{recording.root}: no camera {key} (there are: {known})")
    chosen = np.unique(np.linspace(0, recording.frames - 1, count).astype(int))
    sentences, tasks = recording.sentences(), recording.numbers("task_index")
    actions = recording.vectors(ACTION_KEY)
    names = recording.names(ACTION_KEY) or [str(n) for n in range(actions.shape[1])]
    for frame, image in zip(chosen, _images(recording, key, chosen), strict=True):
        action = ", ".join(
            f"{name} {value:+.2f}" for name, value in zip(names, actions[frame], strict=True)
        )
        caption = f"{frame}: {sentences[int(tasks[frame])]}\n{action}"
        yield Tile(Image.fromarray(image), caption)


def _images(
    recording: Recording, key: str, frames: Sequence[int] | npt.NDArray[np.int64]
) -> Iterator[npt.NDArray[np.uint8]]:
    """The images of some frames, in their order; files without any of them are passed over."""
    begin = 0
    for file in recording.files:
        end = begin + open_parquet(file).metadata.num_rows
        wanted = {int(frame) - begin for frame in frames if begin <= frame < end}
        if wanted:
            yield from _images_in(recording, file, key, wanted)
        begin = end


def _images_in(
    recording: Recording, file: Path, key: str, rows: set[int]
) -> Iterator[npt.NDArray[np.uint8]]:
    if recording.features[key]["dtype"] == "video":
        for row, image in enumerate(video_frames(recording, file, key)):
            if row in rows:
                yield image
        return
    for row, data in enumerate(encoded_images(file, key)):
        if row in rows:
            try:
                yield decode_image(data)
            except ValueError as error:
                raise TrainError(f"{file}: row {row} of {key}: {error}") from error
