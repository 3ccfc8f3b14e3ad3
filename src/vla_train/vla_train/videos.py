# SPDX-License-Identifier: Apache-2.0
"""The frames of recordings whose cameras are stored as videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from vla_train.errors import TrainError
from vla_train.layout import VIDEO_PATH
from vla_train.recording import Recording, read_columns


class _Place(NamedTuple):
    """Where an episode's video lies: the file, and the second in it that it begins at."""

    path: Path
    begins_s: float


def video_frames(recording: Recording, file: Path, key: str) -> Iterator[npt.NDArray[np.uint8]]:
    """For each row of a data file the camera's image ``[H, W, 3]`` RGB.

    Raises:
        TrainError: a video is missing or shorter than its episodes, or cannot be decoded.
    """
    places = _places(recording, key)
    rows = read_columns(file, ["episode_index", "timestamp"])
    video: _Video | None = None
    for episode, time_s in zip(rows["episode_index"][:, 0], rows["timestamp"][:, 0], strict=True):
        if int(episode) not in places:
            raise TrainError(f"{recording.root / 'meta/episodes'}: lacks the episode {episode}")
        path, begins_s = places[int(episode)]
        number = round((begins_s + float(time_s)) * recording.fps)
        if video is None or video.path != path or number < video.number:
            video = _Video(path)
        yield video.frame(number)


def _places(recording: Recording, key: str) -> dict[int, _Place]:
    """Of each episode, where its video lies."""
    names = [f"videos/{key}/{name}" for name in ("chunk_index", "file_index", "from_timestamp")]
    places = {}
    for file in sorted((recording.root / "meta/episodes").glob("*/*.parquet")):
        columns = read_columns(file, ["episode_index", *names])
        for episode, chunk, number, begins_s in np.hstack(list(columns.values())):
            path = VIDEO_PATH.format(video_key=key, chunk_index=int(chunk), file_index=int(number))
            places[int(episode)] = _Place(recording.root / path, float(begins_s))
    return places


class _Video:
    """A video that is read forwards: seeking to a frame is not exact in all of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = -1
        self._capture = cv2.VideoCapture(str(path))

    def frame(self, number: int) -> npt.NDArray[np.uint8]:
        """The frame of this number, not before the present one."""
        while self.number < number:
            if not self._capture.grab():
                raise self._failure(number)
            self.number += 1
        found, image = self._capture.retrieve()
        if not found:
            raise self._failure(number)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def _failure(self, number: int) -> TrainError:
        if not self.path.exists():
            return TrainError(f"{self.path} is missing")
        return TrainError(
            f"{self.path}: frame {number} cannot be decoded: the video is shorter, damaged, or in "
            "a coding that this build of OpenCV lacks (H.264 does)"
        )
