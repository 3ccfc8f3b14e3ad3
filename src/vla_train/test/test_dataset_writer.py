# SPDX-License-Identifier: Apache-2.0
"""What others read of our data sets, with their own tools."""

import json

import datasets
import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest

from vla_train import dataset_writer
from vla_train.dataset_writer import write_dataset
from vla_train.join import join_shards
from vla_train.layout import ACTION_KEY, IMAGE_KEY, MEMORY_KEY, STATE_KEY
from vla_train.shard import ShardBuilder

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"


@pytest.fixture
def root(tmp_path, config, write_shards):
    """A data set of two shards of two episodes, six frames in all."""
    join_shards(tmp_path / "round_0", write_shards(2), config.action, config.image_size)
    return tmp_path / "round_0"


def info_of(root):
    return json.loads((root / "meta/info.json").read_text())


def test_the_description_counts_what_there_is(root):
    info = info_of(root)
    assert info["codebase_version"] == "v3.0"
    assert (info["total_frames"], info["total_episodes"], info["total_tasks"]) == (6, 4, 5)
    assert (info["fps"], info["splits"]) == (10, {"train": "0:4"})
    assert info["features"][IMAGE_KEY]["shape"] == [48, 64, 3]
    assert info["features"][ACTION_KEY]["names"] == ["linear.x", "angular.z"]


def test_indices_are_contiguous_over_shards_and_episodes_know_their_frames(root):
    frames = pq.read_table(root / DATA)
    assert frames["index"].to_pylist() == list(range(6))
    assert frames["episode_index"].to_pylist() == [0, 0, 1, 2, 2, 3]
    episodes = pq.read_table(root / EPISODES)
    assert episodes["dataset_from_index"].to_pylist() == [0, 2, 3, 5]
    assert episodes["dataset_to_index"].to_pylist() == [2, 3, 5, 6]
    assert episodes["length"].to_pylist() == [2, 1, 2, 1]
    assert episodes["tasks"].to_pylist()[1] == ["turn left"]


def test_columns_are_those_of_the_description(root):
    assert list(info_of(root)["features"]) == pq.read_schema(root / DATA).names


def test_every_sentence_of_a_lesson_is_a_task(root):
    tasks = pq.read_table(root / "meta/tasks.parquet").to_pylist()
    assert [task["task_index"] for task in tasks] == list(range(5))
    lessons = pq.read_table(root / "lessons/chunk-000/file-000.parquet")
    said = [tasks[number]["task"] for number in lessons["task_index"].to_pylist()]
    assert said[:4] == ["go to the red ball", "go to the red ball", "stop", "say 0"]
    assert said[9] == "say 1"


def test_pandas_finds_tasks_by_their_place_as_lerobot_does(root):
    tasks = pandas.read_parquet(root / "meta/tasks.parquet")
    assert tasks.iloc[1].name == "stop"
    assert tasks.loc["stop"].task_index == 1


def test_statistics_are_those_of_the_columns(root, make_image):
    stats = json.loads((root / "meta/stats.json").read_text())
    assert set(stats) == set(info_of(root)["features"])
    states = np.stack(pq.read_table(root / DATA)[STATE_KEY].to_pylist())
    assert stats[STATE_KEY]["mean"] == pytest.approx(states.mean(axis=0))
    assert stats[STATE_KEY]["std"] == pytest.approx(states.std(axis=0))
    assert stats[STATE_KEY]["q50"] == pytest.approx(np.median(states, axis=0))
    assert stats["index"]["max"] == [5.0]
    assert stats[ACTION_KEY]["count"] == [6]
    first = make_image(1)[::4, ::4] / 255
    assert np.array(stats[IMAGE_KEY]["mean"]).shape == (3, 1, 1)
    assert np.ravel(stats[IMAGE_KEY]["mean"]) == pytest.approx(first.mean(axis=(0, 1)))


def test_hugging_face_datasets_reads_it(root, tmp_path, make_image):
    data = datasets.Dataset.from_parquet(str(root / DATA), cache_dir=str(tmp_path / "hf"))
    assert isinstance(data.features[IMAGE_KEY], datasets.Image)
    assert np.array_equal(np.asarray(data[3][IMAGE_KEY]), make_image(101))
    assert data[3][STATE_KEY] == [110, 0, 0]
    assert data[3][MEMORY_KEY] == [1, 110, 0]
    assert data[3][ACTION_KEY] == pytest.approx([0.11, 0.11])


def test_files_begin_anew_at_their_size_and_hold_whole_episodes(
    tmp_path, config, write_shards, monkeypatch
):
    monkeypatch.setattr(dataset_writer, "FILE_MB", 0.02)
    root = tmp_path / "round_0"
    join_shards(root, write_shards(3), config.action, config.image_size)
    files = sorted((root / "data/chunk-000").iterdir())
    assert [path.name for path in files] == [f"file-00{n}.parquet" for n in range(3)]
    assert pq.read_table(files[2])["index"].to_pylist() == [6, 7, 8]
    assert pq.read_table(root / EPISODES)["data/file_index"].to_pylist() == [0, 0, 1, 1, 2, 2]
    lessons = pq.read_table(root / "lessons/chunk-000/file-002.parquet")
    assert set(lessons["index"].to_pylist()) == {6, 7, 8}


def test_a_data_set_is_there_only_when_it_is_whole(
    tmp_path, config, taught, make_image, make_lesson, monkeypatch
):
    builder = ShardBuilder(config.action, config.image_size)
    builder.add_episode([taught(make_image(1), [make_lesson(1)])])

    def cut_off(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset_writer.pq, "write_table", cut_off)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "shard", [builder.part()], config.action, config.image_size)
    assert not (tmp_path / "shard").exists()


def test_an_empty_data_set_says_so(tmp_path, write):
    assert info_of(write(tmp_path / "empty", []))["total_frames"] == 0
