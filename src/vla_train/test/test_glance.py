# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np

from vla_sim.outcome import gap_to
from vla_sim.room import generate_room
from vla_sim.visibility import seen_at
from vla_train.collect import ROUND_ROOMS, ShardJob, _rooms
from vla_train.glance import draw_glance

ROOM = generate_room(2, "train")


def glances(count):
    rng = np.random.default_rng(0)
    return [draw_glance(rng, ROOM) for _ in range(count)]


def test_most_glances_see_something():
    seen = [any(seen_at(pose, s, ROOM) for s in ROOM.objects) for pose in glances(200)]
    assert 0.7 < np.mean(seen) < 0.99


def test_glances_are_taken_from_where_a_robot_can_stand_near_and_far():
    gaps = [min(gap_to(pose, solid) for solid in ROOM.objects) for pose in glances(200)]
    assert min(gaps) > 0.05
    assert np.mean(np.array(gaps) < 0.5) > 0.2
    assert max(gaps) > 1.0


def test_no_room_serves_twice(config):
    plan = dataclasses.replace(config.rounds[0], shards=3, glance_shards=3)
    busy = dataclasses.replace(config, rounds=(plan, plan), rooms_per_shard=7)
    later = dataclasses.replace(busy, first_room=2 * ROUND_ROOMS)
    rooms = [
        number
        for run in (busy, later)
        for round_number in range(2)
        for shard in range(6)
        for number in _rooms(ShardJob(run, round_number, shard, None, None, glances=shard >= 3))
    ]
    assert len(rooms) == len(set(rooms))
