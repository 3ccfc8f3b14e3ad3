# SPDX-License-Identifier: Apache-2.0
import collections

import pytest
import torch

from vla_train.babyai.choices import BABYAI_ACTIONS, DONE, LEFT
from vla_train.babyai.environment import open_environment, reset
from vla_train.babyai.levels import find_level
from vla_train.babyai.networks import NetworkConfig, build_network
from vla_train.babyai.players import NetworkPlayer

pytest.importorskip("gymnasium")
LEVEL = find_level("GoToLocal")


class Sure:
    """A network that is as good as sure of one action."""

    def __init__(self, action, margin=20.0):
        self.logits = torch.zeros(1, len(BABYAI_ACTIONS))
        self.logits[0, action] = margin

    def restart(self, robot):
        pass

    def look(self, robots, images, words, states):
        return self.logits.expand(len(robots), -1)


def actions_of(gaze, steps, seed=0):
    config = NetworkConfig("GoToLocal", channels=8, language_dim=8, dim=16)
    player = NetworkPlayer(build_network(config), config, 1, seed)
    player.gaze = gaze
    environment = open_environment(LEVEL)
    observation = reset(environment, 3)
    player.begin(0, environment, 3)
    found = []
    for _ in range(steps):
        found.append(int(player.choose([0], [observation])[0]))
        # Nothing that it does changes anything: the same observation again and again.
        player.minds.place[0], player.minds.heading[0] = LEVEL.reach, 0
    return found


def test_what_leads_nowhere_is_done_less_and_less():
    found = actions_of(Sure(DONE), 60)
    assert found[:4] == [DONE] * 4  # e^20 to 1 at the second visit, e^6.7 at the fourth
    assert len(collections.Counter(found[20:])) > 1
    assert collections.Counter(found).most_common(1)[0][0] == DONE


def test_what_is_drawn_is_the_same_for_the_same_seed():
    one = actions_of(Sure(DONE), 60, seed=1)
    assert one == actions_of(Sure(DONE), 60, seed=1)
    assert one != actions_of(Sure(DONE), 60, seed=2)


def test_where_it_was_not_before_it_takes_the_likeliest():
    config = NetworkConfig("GoToLocal", channels=8, language_dim=8, dim=16)
    player = NetworkPlayer(build_network(config), config, 1)
    player.gaze = Sure(LEFT, margin=0.01)
    environment = open_environment(LEVEL)
    observation = reset(environment, 3)
    player.begin(0, environment, 3)
    for _ in range(4):  # once around: each heading is new
        assert player.choose([0], [observation])[0] == LEFT
        observation, *_ = environment.step(LEFT)
