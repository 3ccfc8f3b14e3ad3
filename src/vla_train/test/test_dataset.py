# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
import torch

from vla_policy.memory import LOST, MEMORY_DIM, SEEN
from vla_policy.surroundings import SECTORS
from vla_train.config import DatasetSource
from vla_train.dataset import FrameDataset
from vla_train.errors import TrainError
from vla_train.labels import IGNORED
from vla_train.sentences import Sentences


def embed(texts):
    """One number for each text."""
    return torch.tensor([[float(len(text))] for text in texts])


@pytest.fixture
def data(tmp_path, config, write_shards):
    """Two data sets of three frames: with one, three and two lessons."""
    sources = [DatasetSource(str(path)) for path in write_shards(2)]
    return FrameDataset(sources, config, tmp_path / "cache", Sentences(embed))


def test_frames_come_back_as_they_were(data, spec, make_image):
    assert len(data) == 6
    batch = data.take(np.array([0, 2, 4]))
    assert batch.images.shape == (3, 1, 3, 48, 64)
    for image, seed in zip(batch.images, (1, 3, 102), strict=True):
        assert np.array_equal(image[0].permute(1, 2, 0).numpy(), make_image(seed))
    assert batch.states[:, 0].tolist() == [10, 30, 120]
    assert spec.unnormalise(batch.actions.numpy())[2] == pytest.approx(0.12)
    assert batch.cells.tolist() == [0, IGNORED, 48]
    assert batch.modes.tolist() == [SEEN, IGNORED, LOST]
    assert batch.memories[:, 1].tolist() == [10, 30, 120]
    assert batch.stages.tolist() == [0, 0, 0]
    assert batch.more.tolist() == [1, 0, 0]
    assert batch.spots[0].tolist() == [10, 1]
    assert batch.spots[1:].isnan().all()
    assert batch.language.tolist() == [[18], [9], [18]]


def test_chunks_are_normalised_as_the_expert_said_them(data, spec):
    actions = data.take(np.array([0])).actions[0].numpy()
    assert np.array_equal(actions, spec.normalise(np.full((4, 2), 0.01, np.float32)))


def test_each_frame_comes_with_its_first_lesson_and_others_in_turn(data):
    batch = data.take(np.array([0, 1, 5]), 3, np.array([0.9, 0.6, 0.0]))
    assert batch.images.shape[0] == 3
    assert batch.states[:, 0].tolist() == [10, 10, 10, 20, 22, 21, 130, 131, 131]
    assert batch.cells[3:6].tolist() == [48, 48, IGNORED]


@pytest.fixture
def spacious(config):
    """A run of a network that is told what stands about the robot."""
    return dataclasses.replace(
        config, mirror_share=1.0, model=dataclasses.replace(config.model, surroundings=True)
    )


def test_what_stands_about_comes_with_each_lesson_and_the_truth_with_each_frame(
    tmp_path, spacious, write_shards
):
    source = DatasetSource(str(write_shards(1)[0]))
    data = FrameDataset([source], spacious, tmp_path / "cache", Sentences(embed))
    batch = data.take(np.array([0, 1]), 3)
    assert batch.memories.shape == (6, MEMORY_DIM + SECTORS)
    assert batch.memories[:, MEMORY_DIM].tolist() == [0.5] * 6
    assert batch.ranges[:, :2].tolist() == [[0.5, 5.0]] * 2
    # The first of them can be mirrored: what stood at the right end stands at the left one.
    mirrored = data.take(np.array([0]), mirrored=np.array([True]))
    assert mirrored.memories[0, -1] == mirrored.ranges[0, -1] == 0.5
    assert mirrored.ranges[0, 0] == 5.0
    assert [len(part.ranges) for part in batch.parts(2)] == [1, 1]


def test_who_is_not_told_of_it_gets_nothing_of_it(data):
    batch = data.take(np.array([0]))
    assert batch.ranges is None
    assert batch.memories.shape == (1, MEMORY_DIM)


def test_recordings_that_do_not_tell_of_it_say_nothing(tmp_path, spacious, write_shards):
    plain, told = write_shards(2)
    info = plain / "meta" / "info.json"
    info.write_text(info.read_text().replace('"ranges"', '"r"').replace(".surroundings", ".s"))
    sources = [DatasetSource(str(path)) for path in (plain, told)]
    data = FrameDataset(sources, spacious, tmp_path / "cache", Sentences(embed))
    batch = data.take(np.array([0, 3]))
    assert batch.ranges.isnan().all(dim=1).tolist() == [True, False]
    assert batch.memories[:, MEMORY_DIM].tolist() == [0.0, 0.5]
    with pytest.raises(TrainError, match=r"surroundings must be false.*'ranges' of shape \[24\]"):
        FrameDataset(sources[:1], spacious, tmp_path / "cache", Sentences(embed))


def test_the_same_stream_draws_the_same_frames(data):
    a, b = (data.draw(np.random.default_rng(3), 5, 2).states for _ in range(2))
    assert a.equal(b)


def test_nothing_to_train_on_is_said(tmp_path, config, write):
    empty = DatasetSource(str(write(tmp_path / "empty", [])))
    with pytest.raises(TrainError, match=r"no frame to train on in .*empty"):
        FrameDataset([empty], config, tmp_path / "cache", Sentences(embed))


def test_a_camera_that_is_not_there_is_named(tmp_path, config, write_shards):
    source = DatasetSource(str(write_shards(1)[0]), image_key="observation.images.left")
    with pytest.raises(TrainError, match=r"left.*there are: observation\.images\.front"):
        FrameDataset([source], config, tmp_path / "cache", Sentences(embed))


def test_a_chunk_of_another_length_is_refused_by_file(tmp_path, config, write_shards):
    source = DatasetSource(str(write_shards(1)[0]))
    other = dataclasses.replace(config, action=dataclasses.replace(config.action, horizon=5))
    with pytest.raises(TrainError, match=r"lessons.*file-000.*chunks of 5 actions.*got 8"):
        FrameDataset([source], other, tmp_path / "cache", Sentences(embed))


def test_a_history_goes_back_to_where_its_episode_began(
    tmp_path, config, write_shards, make_image
):
    model = dataclasses.replace(config.model, history=3)
    sources = [DatasetSource(str(path)) for path in write_shards(1)]
    longer = dataclasses.replace(config, model=model)
    data = FrameDataset(sources, longer, tmp_path / "cache", Sentences(embed))
    images = data.take(np.array([0, 1, 2])).images.permute(0, 1, 3, 4, 2).numpy()
    for window, seeds in zip(images, ([1, 1, 1], [1, 1, 2], [3, 3, 3]), strict=True):
        for image, seed in zip(window, seeds, strict=True):
            assert np.array_equal(image, make_image(seed))
    still = data.take(np.array([1]), still=True).images
    assert still.shape[1] == 1
    assert np.array_equal(still[0, 0].permute(1, 2, 0).numpy(), make_image(2))
