# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vla_train.errors import TrainError
from vla_train.pixels import cached_pixels
from vla_train.recording import Recording
from vla_train.videos import video_frames

KEY = "observation.images.top"
FPS = 10


def film(path, values):
    """A video whose frames are told apart by how bright they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (64, 48))
    assert writer.isOpened()
    for value in values:
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()


@pytest.fixture
def recording(tmp_path):
    """Episodes of three, two and two frames; the first two in one video, the last in another."""
    info = {
        "codebase_version": "v3.0",
        "fps": FPS,
        "total_frames": 7,
        "features": {KEY: {"dtype": "video", "shape": [48, 64, 3]}},
    }
    for folder in ("meta/episodes/chunk-000", "data/chunk-000"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "meta/info.json").write_text(json.dumps(info))
    frames = {
        "episode_index": [0, 0, 0, 1, 1, 2, 2],
        "timestamp": pa.array([0, 0.1, 0.2, 0, 0.1, 0, 0.1], pa.float32()),
    }
    pq.write_table(pa.table(frames), tmp_path / "data/chunk-000/file-000.parquet")
    episodes = {
        "episode_index": [0, 1, 2],
        f"videos/{KEY}/chunk_index": [0, 0, 0],
        f"videos/{KEY}/file_index": [0, 0, 1],
        f"videos/{KEY}/from_timestamp": [0.0, 0.3, 0.0],
    }
    pq.write_table(pa.table(episodes), tmp_path / "meta/episodes/chunk-000/file-000.parquet")
    film(video_of(tmp_path, 0), [20, 60, 100, 140, 180])
    film(video_of(tmp_path, 1), [220, 40])
    return Recording.open(tmp_path)


def video_of(root, number):
    return root / f"videos/{KEY}/chunk-000/file-{number:03d}.mp4"


def brightness(images):
    return [float(image.mean()) for image in images]


def test_each_row_gets_its_frame_whatever_video_it_is_in(recording):
    found = brightness(video_frames(recording, recording.files[0], KEY))
    assert found == pytest.approx([20, 60, 100, 140, 180, 220, 40], abs=5)


def test_videos_are_cached_at_the_networks_size(recording, tmp_path):
    (images,) = cached_pixels(recording, KEY, (24, 32), tmp_path / "cache")
    assert images.shape == (7, 24, 32, 3)
    assert brightness(images) == pytest.approx([20, 60, 100, 140, 180, 220, 40], abs=5)


def test_a_missing_video_is_named(recording):
    video_of(recording.root, 1).unlink()
    with pytest.raises(TrainError, match=r"file-001\.mp4 is missing"):
        list(video_frames(recording, recording.files[0], KEY))


def test_a_video_that_ends_early_is_named(recording):
    film(video_of(recording.root, 0), [20, 60])
    with pytest.raises(TrainError, match=r"file-000\.mp4: frame 2 cannot be decoded"):
        list(video_frames(recording, recording.files[0], KEY))


def test_an_episode_that_nothing_is_told_of_is_named(recording):
    file = recording.root / "meta/episodes/chunk-000/file-000.parquet"
    pq.write_table(pq.read_table(file).slice(0, 2), file)
    with pytest.raises(TrainError, match="lacks the episode 2"):
        list(video_frames(recording, recording.files[0], KEY))
