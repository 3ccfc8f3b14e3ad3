# SPDX-License-Identifier: Apache-2.0
import dataclasses
import io
import json
import shutil

import pytest
from rich.console import Console

from vla_policy.checkpoint import load_policy, read_config
from vla_policy.statistics import ActionStatistics
from vla_train import run
from vla_train.collect import collect_round, round_dataset, round_shards
from vla_train.config import DatasetSource
from vla_train.recording import Recording


def test_a_run_goes_from_rooms_to_a_checkpoint_with_its_card_and_goes_on(config, tmp_path):
    small = dataclasses.replace(config, early_episodes=1, rounds=config.rounds[:1])
    folder = run.RunFolder(tmp_path / "run")
    console = Console(file=io.StringIO())
    run.train(small, folder, workers=1, test_episodes=1, console=console)
    assert load_policy(folder.checkpoint).spec == config.action
    actions = Recording.open(round_dataset(0, folder.data)).vectors("action")
    told = read_config(folder.checkpoint).action_statistics
    expected = ActionStatistics.of(config.action.normalise(actions))
    assert (*told.mean, *told.std) == pytest.approx((*expected.mean, *expected.std))
    assert "Measured success" in (folder.checkpoint / "README.md").read_text()
    assert json.loads((folder.root / "test.json").read_text())["count"] == 1
    weights = (folder.checkpoint / "model.safetensors").read_bytes()
    run.train(small, folder, workers=1, test_episodes=1, console=console)
    assert [entry["round"] for entry in folder.entries() if "round" in entry] == [0]
    assert [entry["collected"] for entry in folder.entries() if "collected" in entry] == [0]
    assert folder.collected_s(0) > 0.0
    assert (folder.checkpoint / "model.safetensors").read_bytes() == weights


def test_a_round_that_is_collected_is_not_collected_again(config, tmp_path, write):
    write(round_dataset(0, tmp_path), [])
    left = round_shards(config, 0, tmp_path)[0]
    left.mkdir(parents=True)
    assert list(collect_round(config, 0, tmp_path, None, workers=1)) == [-1]
    assert not left.parent.exists()


def test_shards_that_are_there_are_joined_without_being_collected_again(
    config, tmp_path, write_shards
):
    assert round_shards(config, 0, tmp_path) == write_shards(1)
    assert list(collect_round(config, 0, tmp_path, None, workers=1)) == [-1]
    assert Recording.open(round_dataset(0, tmp_path)).frames == 3


def test_one_trains_on_recordings_of_ones_own(config, tmp_path, write, make_image, make_lesson):
    episode = [(make_image(n), [make_lesson(n)]) for n in range(8)]
    own = write(tmp_path / "own", [episode, episode])
    shutil.rmtree(own / "lessons")
    plan = dataclasses.replace(
        config.rounds[0], shards=0, datasets=(DatasetSource(str(own), state=()),)
    )
    folder = run.RunFolder(tmp_path / "run")
    small = dataclasses.replace(config, early_episodes=1, rounds=(plan,), lessons_per_frame=1)
    run.train(small, folder, 1, 1, Console(file=io.StringIO()))
    (entry,) = [entry for entry in folder.entries() if "round" in entry]
    assert entry["frames"] == 16
    assert (
        "16 frames from the simulator or recorded (own)"
        in (folder.checkpoint / "README.md").read_text()
    )
    assert load_policy(folder.checkpoint).spec == config.action
