# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_policy.memory import Memory
from vla_policy.observation import Observation
from vla_policy.surroundings import SECTORS, Surroundings
from vla_sim.geometry import Pose
from vla_sim.goal import Stop
from vla_sim.task import Task
from vla_train.drivers import CorrectedDriver, ExpertDriver, PushedDriver
from vla_train.lesson import View
from vla_train.survey import SEEN_NOTHING, Survey, glanced

STOP = Task("stop", (Stop(),), "stop")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def state(pose):
    return np.array(pose, np.float32)


def looked(view, stamp=0):
    return Observation(np.zeros((1, 8, 8, 3), np.uint8), "stop", stamp, state(view.pose))


def test_what_was_seen_is_known_at_the_next_look(room, rng):
    survey, near = Survey(rng), Pose(1.2, 0.0, 0.0)  # 0.6 m from the ball
    assert not survey(View(room, near), state(near), 0).any()
    about = survey(View(room, Pose(1.2, 0.0, 1.5)), state((1.2, 0.0, 1.5)), 1)
    assert about[SECTORS // 4 - 1 : SECTORS // 4 + 2].max() == pytest.approx(0.6, abs=0.1)
    assert about[SECTORS // 2 :].max() == 0.0


def test_single_looks_know_at_times_nothing_and_at_times_what_is_behind(room, rng):
    behind = View(room, Pose(1.2, 0.0, math.pi))
    known = np.array([glanced(rng, behind) for _ in range(400)])
    assert known.shape == (400, SECTORS)
    there = known.max(axis=1) > 0.0
    assert SEEN_NOTHING < 1.0 - there.mean() < SEEN_NOTHING + 0.6
    assert known[there][:, [0, -1]].max(axis=1) == pytest.approx(0.6, abs=0.2)


def test_what_is_in_view_is_known_by_whoever_knows_anything(room, rng):
    ahead = View(room, Pose(1.2, 0.0, 0.0))
    known = np.array([glanced(rng, ahead).max() > 0.0 for _ in range(400)])
    assert known.mean() == pytest.approx(1.0 - SEEN_NOTHING, abs=0.08)


class Policy:
    """Stands; it remembers by itself what stands about, or not."""

    def __init__(self, surroundings):
        self.memory, self.surroundings = Memory(), surroundings

    def act(self, observation):
        return dataclasses.make_dataclass("Chunk", ["actions"])(np.zeros((4, 2), np.float32))


def test_a_policy_that_remembers_teaches_with_what_it_remembers(room, spec, rng):
    view, kept = View(room, Pose(1.2, 0.0, 0.0)), Surroundings()
    driver = CorrectedDriver(Policy(kept), STOP, spec, rng)
    driver(looked(view), view)
    assert not driver.about.any()
    kept.take(np.full(24, 0.5, np.float32), state(view.pose), 0)
    driver(looked(view), view)
    assert driver.about.tolist() == kept.features(state(view.pose)).tolist()


def test_for_one_that_does_not_and_for_the_expert_the_truth_is_surveyed(room, spec, rng):
    view = View(room, Pose(1.2, 0.0, 0.0))
    blind = CorrectedDriver(Policy(None), STOP, spec, rng)
    for driver in (blind, PushedDriver(ExpertDriver(STOP, spec, rng), rng, 0.0)):
        driver(looked(view), view)
        assert not driver.about.any()
        driver(looked(view, 1), view)
        assert driver.about.max() == pytest.approx(0.6, abs=0.1)
