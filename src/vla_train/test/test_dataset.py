# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from vla_policy.memory import LOST, SEEN, Sight
from vla_train.dataset import IGNORED, FrameDataset, ShardBuilder
from vla_train.lesson import Lesson


def image(value):
    return np.full((24, 32, 3), value, np.uint8)


def lesson(value, instruction="go to the red ball", pixel=None, names_thing=True):
    state = np.array([value, 0, 0], np.float32)
    memory = np.array([1, value, 0], np.float32)
    actions = np.full((4, 2), value / 1000, np.float32)
    sight = Sight(LOST if pixel is None else SEEN, (value, 1.0), False) if names_thing else None
    return Lesson(instruction, value % 2, state, memory, actions, sight, pixel, value == 10)


def embed(texts):
    """One number for each text."""
    return torch.tensor([[float(len(text))] for text in texts])


@pytest.fixture
def shards(tmp_path, spec):
    """Two shards of three frames: with one, three and two lessons."""
    paths = []
    for shard in range(2):
        base = 100 * shard
        builder = ShardBuilder(spec, (24, 32), (3, 4))
        builder.add(image(base + 1), [lesson(base + 10, pixel=(0, 0))])
        builder.add(
            image(base + 2),
            [lesson(base + 20), lesson(base + 21, "stop", names_thing=False), lesson(base + 22)],
        )
        turns = [lesson(base + 30 + i, "turn left", names_thing=False) for i in range(2)]
        builder.add(image(base + 3), turns)
        builder.write(tmp_path / f"shard_{shard}")
        paths.append(tmp_path / f"shard_{shard}")
    return paths


def test_frames_come_back_as_they_were(shards, spec):
    data = FrameDataset(shards, embed)
    assert len(data) == 6
    batch = data.take(np.array([0, 2, 4]))
    assert batch.images.shape == (3, 1, 3, 24, 32)
    assert batch.images[:, 0, 0, 0, 0].tolist() == [1, 3, 102]
    assert batch.states[:, 0].tolist() == [10, 30, 120]
    assert spec.unnormalise(batch.actions.numpy())[2] == pytest.approx(0.12)
    assert batch.cells.tolist() == [0, IGNORED, 12]
    assert batch.modes.tolist() == [SEEN, IGNORED, LOST]
    assert batch.memories[:, 1].tolist() == [10, 30, 120]
    assert batch.stages.tolist() == [0, 0, 0]
    assert batch.arrivals.tolist() == [1, 0, 0]
    assert batch.spots[0].tolist() == [10, 1]
    assert batch.spots[1:].isnan().all()
    assert batch.language.tolist() == [[18], [9], [18]]


def test_each_frame_comes_with_its_first_lesson_and_others_in_turn(shards):
    batch = FrameDataset(shards, embed).take(np.array([0, 1, 5]), 3, np.array([0.9, 0.6, 0.0]))
    assert batch.images.shape[0] == 3
    assert batch.states[:, 0].tolist() == [10, 10, 10, 20, 22, 21, 130, 131, 131]
    assert batch.cells[3:6].tolist() == [12, 12, IGNORED]


def test_a_frame_without_a_lesson_is_refused(spec):
    with pytest.raises(ValueError, match="at least one lesson"):
        ShardBuilder(spec, (24, 32), (3, 4)).add(image(1), [])


def test_the_same_stream_draws_the_same_frames(shards):
    data = FrameDataset(shards, embed)
    a, b = (data.draw(np.random.default_rng(3), 5, 2).states for _ in range(2))
    assert a.equal(b)


def test_a_shard_is_there_only_when_it_is_whole(tmp_path, spec, monkeypatch):
    builder = ShardBuilder(spec, (24, 32), (3, 4))
    builder.add(image(1), [lesson(1)])

    def cut_off(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", cut_off)
    with pytest.raises(KeyboardInterrupt):
        builder.write(tmp_path / "shard")
    assert not (tmp_path / "shard").exists()
