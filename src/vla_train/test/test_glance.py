# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from vla_sim.outcome import gap_to
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_train.collect import ShardJob, _rooms
from vla_train.glance import glance


@pytest.fixture
def simulation():
    made = Simulation(generate_room(2, "train"), render=False)
    made.render = lambda: np.zeros((8, 8, 3), np.uint8)
    return made


def test_most_glances_see_the_named_thing_and_many_do_not(simulation, spec):
    rng = np.random.default_rng(0)
    seen = [glance(rng, simulation, spec)[1].pixel is not None for _ in range(200)]
    assert 0.5 < np.mean(seen) < 0.85


def test_a_glance_is_labelled_with_what_the_expert_would_do(simulation, spec):
    rng = np.random.default_rng(1)
    for _ in range(100):
        task, frame = glance(rng, simulation, spec)
        assert frame.label.shape == (spec.horizon, 2)
        if frame.pixel is None and frame.observation.state[2] < 6.0:
            assert frame.label[0, 1] > 0.5
        assert gap_to(simulation.pose, task.target) > 0.0
    assert simulation.collisions == 0


def test_no_room_serves_twice(config):
    plan = dataclasses.replace(config.rounds[0], shards=3, glance_shards=3)
    busy = dataclasses.replace(config, rounds=(plan, plan), rooms_per_shard=7)
    rooms = [
        number
        for round_number in range(2)
        for shard in range(6)
        for number in _rooms(ShardJob(busy, round_number, shard, None, None, glances=shard >= 3))
    ]
    assert len(rooms) == len(set(rooms))
