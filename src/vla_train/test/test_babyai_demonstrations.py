# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_train.babyai.demonstrations import (
    SHARD,
    Demonstrations,
    join,
    load_demonstrations,
    make_shards,
    record,
    shard_path,
    solve,
)
from vla_train.babyai.environment import open_environment, reset
from vla_train.babyai.levels import (
    EVALUATION_SEEDS,
    FIRST_TRAINING_SEED,
    LEVELS,
    VALIDATION_SEEDS,
    find_level,
)
from vla_train.errors import TrainError

pytest.importorskip("gymnasium")
SEEDS = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 12)
level = pytest.mark.parametrize("level", LEVELS.values(), ids=list(LEVELS))


@level
def test_demonstrations_follow_from_their_seeds(level):
    first, second = record(level, SEEDS), record(level, list(SEEDS))
    assert first.missions == second.missions
    for name in ("mission", "grids", "starts", "lengths", "actions", "seeds"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


@level
def test_every_demonstration_ends_with_a_reward(level):
    data, environment, done = record(level, SEEDS), open_environment(level), 0
    assert len(data) == len(SEEDS)
    for seed, length, mission in zip(data.seeds, data.lengths, data.mission, strict=True):
        reset(environment, int(seed))
        assert environment.mission == data.missions[mission]
        for action in data.actions[done : done + length]:
            _, reward, ended, _, _ = environment.step(int(action))
        assert ended and reward > 0
        done += length
    assert done == len(data.actions)


@level
def test_quick_bot_does_what_minigrids_bot_does(level):
    from vla_train.babyai.bot import BabyAIBot

    environment = open_environment(level)
    for seed in range(500, 506):
        reset(environment, seed)
        bot, action, actions, ended = BabyAIBot(environment), None, [], False
        while not ended:
            action = bot.replan(action)
            actions.append(int(action))
            _, _, ended, _, _ = environment.step(action)
        reset(environment, seed)
        assert solve(environment) == actions


def test_seeds_of_training_and_of_judging_are_disjoint():
    most = 10_000_000
    training = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + most)
    assert EVALUATION_SEEDS.stop <= VALIDATION_SEEDS.start
    assert VALIDATION_SEEDS.stop <= training.start
    assert record(find_level("GoToLocal"), SEEDS).seeds.min() >= training.start


def test_files_are_read_as_they_were_written(tmp_path):
    data = record(find_level("PutNextLocal"), SEEDS)
    data.save(tmp_path / "a.npz.xz")
    again = Demonstrations.load(tmp_path / "a.npz.xz")
    assert again.missions == data.missions
    assert np.array_equal(again.actions, data.actions)
    assert np.array_equal(again.grids, data.grids)
    assert len(again.first(5)) == 5
    assert again.first(5).lengths.sum() == len(again.first(5).actions)


def test_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "a.npz.xz"
    path.write_bytes(b"nonsense")
    with pytest.raises(TrainError, match="delete it"):
        Demonstrations.load(path)


def test_joined_parts_keep_their_sentences():
    level = find_level("GoToLocal")
    parts = [record(level, SEEDS[:6]), record(level, SEEDS[6:])]
    together, whole = join(parts), record(level, SEEDS)
    said = [together.missions[number] for number in together.mission]
    assert said == [whole.missions[number] for number in whole.mission]
    assert np.array_equal(together.actions, whole.actions)


def test_shards_that_are_there_are_not_made_again(tmp_path):
    level = find_level("GoToLocal")
    there = record(level, SEEDS)
    there.save(shard_path(tmp_path, level, FIRST_TRAINING_SEED))
    # So many that they lie in one file: the one that is there.
    assert [done for done, _ in make_shards(level, tmp_path, SHARD, workers=1)] == [SHARD]
    assert np.array_equal(load_demonstrations(tmp_path, level).seeds, there.seeds)
    assert len(load_demonstrations(tmp_path, level, most=4)) == 4


def test_no_demonstrations_are_an_error(tmp_path):
    with pytest.raises(TrainError, match="no demonstrations"):
        load_demonstrations(tmp_path, find_level("GoTo"))
