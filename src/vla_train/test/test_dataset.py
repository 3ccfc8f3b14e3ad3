# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_policy.observation import Observation
from vla_policy.sentence import shared_encoder
from vla_sim.task import make_task
from vla_train.dataset import CELL_IGNORED, FrameDataset, ShardBuilder
from vla_train.rollout import Frame


def frame(value, pixel=None):
    images = np.full((1, 24, 32, 3), value, np.uint8)
    state = np.array([value, 0, 0], np.float32)
    label = np.full((4, 2), value / 1000, np.float32)
    return Frame(Observation(images, "", 0, state), label, pixel, None)


@pytest.fixture
def shards(tmp_path, spec, room):
    paths = []
    for shard in range(2):
        builder = ShardBuilder(spec, (24, 32), (3, 4))
        builder.add(
            make_task("go_to", 0, room.objects[0]),
            [frame(10 * shard + i, (0, 0)) for i in range(3)],
        )
        builder.add(make_task("turn_left", 0), [frame(10 * shard + 5)])
        builder.write(tmp_path / f"shard_{shard}")
        paths.append(tmp_path / f"shard_{shard}")
    return paths


def test_frames_come_back_as_they_were(shards, spec):
    data = FrameDataset(shards)
    assert len(data) == 8
    batch = data.take(np.array([1, 3, 4, 7]))
    assert batch.images.shape == (4, 1, 3, 24, 32)
    assert batch.images[:, 0, 0, 0, 0].tolist() == [1, 5, 10, 15]
    assert batch.states[:, 0].tolist() == [1, 5, 10, 15]
    assert spec.unnormalise(batch.actions.numpy())[2] == pytest.approx(0.01)
    assert batch.cells.tolist() == [0, CELL_IGNORED, 0, CELL_IGNORED]
    expected = shared_encoder()(["go to the red ball", "turn left"])
    assert np.allclose(batch.embeddings, expected[[0, 1, 0, 1]])


def test_the_same_stream_draws_the_same_frames(shards):
    data = FrameDataset(shards)
    a, b = (data.draw(np.random.default_rng(3), 5).states for _ in range(2))
    assert a.equal(b)


def test_a_shard_is_there_only_when_it_is_whole(tmp_path, spec, monkeypatch):
    builder = ShardBuilder(spec, (24, 32), (3, 4))
    builder.add(make_task("stop", 0), [frame(1)])

    def cut_off(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", cut_off)
    with pytest.raises(KeyboardInterrupt):
        builder.write(tmp_path / "shard")
    assert not (tmp_path / "shard").exists()
