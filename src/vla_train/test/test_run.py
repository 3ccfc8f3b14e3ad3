# SPDX-License-Identifier: Apache-2.0
import dataclasses
import io
import json
import shutil

import pytest
from rich.console import Console

from vla_policy.checkpoint import load_policy, read_config, shipped_checkpoint
from vla_policy.statistics import ActionStatistics
from vla_train import run
from vla_train.collect import collect_round, round_dataset, round_shards
from vla_train.config import DatasetSource
from vla_train.errors import TrainError
from vla_train.layout import RANGES_KEY, SURROUNDINGS_KEY
from vla_train.locks import run_alone
from vla_train.recording import Recording


def test_a_run_goes_from_rooms_to_a_checkpoint_with_its_card_and_goes_on(config, tmp_path):
    careful = dataclasses.replace(config.model, surroundings=True)
    small = dataclasses.replace(config, model=careful, early_episodes=1, rounds=config.rounds[:1])
    folder = run.RunFolder(tmp_path / "run")
    console = Console(file=io.StringIO())
    run.train(small, folder, workers=1, test_episodes=1, console=console)
    assert load_policy(folder.checkpoint).spec == config.action
    collected = Recording.open(round_dataset(0, folder.data))
    assert 0.0 < collected.vectors(SURROUNDINGS_KEY).max() <= 1.0
    assert (collected.vectors(RANGES_KEY) > 0.0).all()
    actions = collected.vectors("action")
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


def test_a_run_goes_on_with_more_rounds_but_not_as_another_one(config, tmp_path):
    folder = run.RunFolder(tmp_path)
    folder.settle(config)
    folder.log({"round": 0})
    folder.settle(config)
    more = dataclasses.replace(config, early_episodes=9, rounds=(*config.rounds, config.rounds[0]))
    folder.settle(more)
    other = dataclasses.replace(config.rounds[0], samples=7)
    for changes, sentence in (
        ({"batch_size": 7}, rf"begun with batch_size: {config.batch_size} .got 7.: .*--out"),
        (
            {"model": dataclasses.replace(config.model, surroundings=True)},
            "begun with model.surroundings: False .got True.",
        ),
        ({"rounds": (other, *more.rounds[1:])}, r"begun with rounds.0.samples: \d+ .got 7."),
        ({"rounds": ()}, "at least one round"),
    ):
        with pytest.raises(TrainError, match=sentence):
            folder.settle(dataclasses.replace(more, **changes))
    folder.settle(dataclasses.replace(more, rounds=(config.rounds[0], other)))


def test_a_run_that_has_not_begun_may_become_another_one(config, tmp_path):
    folder = run.RunFolder(tmp_path)
    folder.settle(config)
    other = dataclasses.replace(config, batch_size=7)
    folder.settle(other)
    folder.data.mkdir()
    with pytest.raises(TrainError, match="begun with batch_size: 7 "):
        folder.settle(config)


def test_of_two_runs_in_one_folder_the_second_is_refused(config, tmp_path):
    folder = run.RunFolder(tmp_path)
    console = Console(file=io.StringIO())
    with run_alone(folder.root), pytest.raises(TrainError, match=r"another .* at work .*--out"):
        run.train(config, folder, workers=1, test_episodes=1, console=console)
    assert not folder.entries()


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


def test_the_next_round_is_collected_while_this_one_trains(config, tmp_path):
    ahead = dataclasses.replace(
        config, rounds=(config.rounds[0],) * 2, collect_ahead=True, early_episodes=0
    )
    folder = run.RunFolder(tmp_path / "run")
    run.train(ahead, folder, 1, 1, Console(file=io.StringIO()))
    entries = folder.entries()
    order = [
        ("collected" in entry, entry.get("collected", entry.get("round"))) for entry in entries
    ]
    assert order == [(True, 0), (True, 1), (False, 0), (False, 1)]
    assert all(entry["validation"] == {} for entry in entries if "round" in entry)
    assert "not judged" in (folder.checkpoint / "README.md").read_text()


@pytest.mark.parametrize(("ahead", "drivers"), [(False, [None, 0, 1]), (True, [None, None, 0])])
def test_rounds_are_driven_by_the_policy_that_there_is_by_then(config, tmp_path, ahead, drivers):
    folder = run.RunFolder(tmp_path)
    config = dataclasses.replace(config, collect_ahead=ahead)
    expected = [None if number is None else folder.policy(number) for number in drivers]
    assert [run._driver_of(config, folder, number) for number in range(3)] == expected


def test_a_policy_that_is_there_already_drives_first(config, tmp_path):
    config = dataclasses.replace(config, first_driver="end_to_end")
    driver = run._driver_of(config, run.RunFolder(tmp_path), 0)
    assert driver == shipped_checkpoint("end_to_end")
