# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from vla_train.babyai.cells import CODES, SYMBOLS, decode, encode
from vla_train.babyai.choices import DROP, FORWARD, PICKUP, TOGGLE
from vla_train.babyai.demonstrations import record
from vla_train.babyai.environment import open_environment, reset
from vla_train.babyai.frames import IGNORED, replay, symbols_of
from vla_train.babyai.levels import LEVELS, find_level
from vla_train.babyai.mind import Minds
from vla_train.babyai.replay import Worlds, view_codes

pytest.importorskip("gymnasium")
level = pytest.mark.parametrize("level", LEVELS.values(), ids=list(LEVELS))
CPU = torch.device("cpu")


def worlds_of(environment):
    x, y = environment.agent_pos
    starts = torch.tensor([[x, y, environment.agent_dir]])
    return Worlds(torch.from_numpy(encode(environment.grid.encode()))[None], starts)


def test_codes_and_symbols_are_the_same_cells():
    codes = np.arange(CODES, dtype=np.uint8)
    assert np.array_equal(encode(decode(codes)), codes)
    assert len(np.unique(SYMBOLS, axis=0)) == CODES
    with pytest.raises(ValueError, match="no level here has"):
        encode(np.array([9, 0, 0], dtype=np.uint8))  # lava


@level
def test_replayed_views_are_minigrids_whatever_is_done(level):
    environment, rng = open_environment(level), np.random.default_rng(0)
    likely = [FORWARD] * 4 + [PICKUP, DROP, TOGGLE]
    for seed in range(600, 606):
        observation = reset(environment, seed)
        worlds = worlds_of(environment)
        for _ in range(60):
            assert np.array_equal(encode(observation["image"]), view_codes(worlds)[0].numpy())
            action = int(rng.choice([*likely, 0, 1]))
            worlds.step(torch.tensor([action]))
            observation, _, ended, out_of_time, _ = environment.step(action)
            if ended or out_of_time:
                break


@level
def test_what_a_robot_has_in_mind_is_what_training_shows(level):
    data, environment, done = record(level, range(700, 704)), open_environment(level), 0
    frames = replay(data, level.reach, CPU)
    for seed, length in zip(data.seeds, data.lengths, strict=True):
        observation, minds = reset(environment, int(seed)), Minds(3, level.reach)
        robot = torch.tensor([1])
        for step in range(done, done + length):
            heading = np.array([int(observation["direction"])])
            minds.look(robot, observation["image"][None], heading)
            batch = frames.windows(torch.tensor([step]), 1)
            assert torch.equal(batch.images[0], symbols_of(minds.maps(robot)))
            assert torch.equal(batch.states[0], minds.states(robot))
            assert batch.actions.item() == data.actions[step]
            minds.act(robot, np.array([int(data.actions[step])]))
            observation, *_ = environment.step(int(data.actions[step]))
        done += length


def test_a_window_begins_with_copies_of_an_episodes_first_frame():
    frames = replay(record(find_level("GoToLocal"), range(700, 710)), 8, CPU)
    second = int((frames.number == 1).nonzero()[0])
    batch = frames.windows(torch.tensor([second]), 4)
    assert batch.actions[0, :2].tolist() == [IGNORED, IGNORED]
    assert batch.actions[0, 2:].tolist() == frames.action[second - 1 : second + 1].tolist()
    assert torch.equal(batch.images[0, 0], batch.images[0, 2])
    assert batch.targets[0, :2].tolist() == [IGNORED, IGNORED]


def test_the_target_is_the_cell_in_front_where_the_thing_is_taken():
    frames = replay(record(find_level("PutNextLocal"), range(700, 720)), 8, CPU)
    taken = (frames.action == PICKUP).nonzero().flatten()
    batch = frames.windows(taken, 1)
    row, column = batch.targets[:, 0] // 16, batch.targets[:, 0] % 16
    assert (row == 7).all() and (column == 8).all()  # straight ahead of the middle


def test_every_frame_counts_as_much_as_any_other():
    frames, answers = replay(record(find_level("GoToLocal"), range(700, 703)), 8, CPU), 8
    asked = torch.arange(len(frames))
    weights = torch.zeros(len(frames))
    for over in range(answers):  # all windows that can be drawn, each as likely as any other
        batch = frames.windows(asked, answers, torch.full_like(asked, over))
        for row, actions in enumerate(batch.actions):
            steps = (actions != IGNORED).nonzero().flatten()
            there = row + over - (answers - 1) + steps
            assert torch.equal(actions[steps], frames.action[there].long())
            weights[there] += 1.0 / len(there)
    assert torch.allclose(weights, torch.full_like(weights, float(answers)))
