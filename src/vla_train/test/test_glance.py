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


def test_most_glances_see_the_thing_that_they_are_for(simulation, spec):
    rng = np.random.default_rng(0)
    seen = [glance(rng, simulation, spec)[1][0].pixel is not None for _ in range(200)]
    assert 0.5 < np.mean(seen) < 0.9


def test_glances_are_taken_from_where_a_robot_can_stand_near_and_far(simulation, spec):
    rng = np.random.default_rng(1)
    gaps = []
    for _ in range(200):
        glance(rng, simulation, spec)
        gaps.append(min(gap_to(simulation.pose, solid) for solid in simulation.room.objects))
    assert min(gaps) > 0.05
    assert np.mean(np.array(gaps) < 0.5) > 0.2
    assert max(gaps) > 1.0
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
