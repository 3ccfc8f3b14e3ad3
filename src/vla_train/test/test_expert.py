# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.outcome import BACK_UP_M, FORWARD_M, gap_to
from vla_sim.room import Solid, generate_room
from vla_sim.simulation import Simulation
from vla_sim.task import make_task
from vla_train.drivers import ExpertDriver
from vla_train.expert import SEARCH_TURN, STOP_GAP_M, Expert, Relative, advance
from vla_train.rollout import Episode
from vla_train.scenario import draw_scenario

ORIGIN = Pose(0.0, 0.0, 0.0)
AT_START = Relative(0.0, 0.0, 0.0)


def drive(expert, seconds, pose=ORIGIN, visible=True):
    """Poses of an ideal base under the expert."""
    relative = AT_START
    for _ in range(int(seconds / 0.05)):
        action = expert.act(pose, relative, visible)
        pose = Pose(*advance(*pose, *action, 0.05))
        relative = Relative(*advance(relative.x, relative.y, relative.heading, *action, 0.05))
        yield pose, relative, action


def last(expert, seconds, **where):
    return list(drive(expert, seconds, **where))[-1]


def test_it_stops_in_front_of_the_thing(room):
    ball = room.objects[0]
    pose, _, action = last(Expert(make_task("go_to", 0, ball), room), 15.0)
    assert gap_to(pose, ball) == pytest.approx(STOP_GAP_M, abs=0.06)
    assert action == (0.0, 0.0)


def test_what_is_not_in_view_is_searched_by_turning_left(room):
    expert = Expert(make_task("go_to", 0, room.objects[0]), room)
    assert expert.act(ORIGIN, AT_START, visible=False) == (0.0, SEARCH_TURN)


def test_it_drives_around_what_stands_in_the_way(room):
    pillar = Solid("blue", "cylinder", 1.0, 0.05, 0.2, 0.4, 0.0, (0, 0, 1))
    crowded = dataclasses.replace(room, objects=(room.objects[0], pillar))
    expert = Expert(make_task("go_to", 0, room.objects[0]), crowded)
    poses = [pose for pose, _, _ in drive(expert, 20.0)]
    assert min(gap_to(pose, pillar) for pose in poses) > 0.05
    assert gap_to(poses[-1], room.objects[0]) < 0.4


@pytest.mark.parametrize("aside", [-0.1, 0.0, 0.1])
def test_it_backs_off_from_what_is_too_near_to_be_passed(room, aside):
    """As after it has gone to the pillar, and is then told to go to the thing behind."""
    pillar = Solid("blue", "cylinder", 0.62, aside, 0.2, 0.4, 0.0, (0, 0, 1))
    crowded = dataclasses.replace(room, objects=(room.objects[0], pillar))
    expert = Expert(make_task("go_to", 0, room.objects[0]), crowded)
    poses = [pose for pose, _, _ in drive(expert, 25.0)]
    assert min(pose.x for pose in poses) < -0.05
    assert min(gap_to(pose, pillar) for pose in poses) > 0.05
    assert gap_to(poses[-1], room.objects[0]) < 0.4
    bearings = [pose.bearing_to(room.objects[0].x, room.objects[0].y) for pose in poses]
    assert max(map(abs, bearings)) < 0.8  # it never loses sight of the thing


@pytest.mark.parametrize(
    ("family", "x", "heading"),
    [
        ("turn_left", 0.0, math.pi / 2),
        ("turn_right", 0.0, -math.pi / 2),
        ("turn_around", 0.0, math.pi),
        ("forward", FORWARD_M, 0.0),
        ("back_up", -BACK_UP_M, 0.0),
        ("stop", 0.0, 0.0),
    ],
)
def test_moves_end_where_their_sentence_says(room, family, x, heading):
    _, relative, action = last(Expert(make_task(family, 0), room), 12.0)
    assert (relative.x, relative.heading) == pytest.approx((x, heading), abs=0.04)
    assert action == (0.0, 0.0)


def test_a_chunk_foresees_its_own_motion(room, spec):
    expert = Expert(make_task("turn_left", 0), room)
    chunk = expert.chunk(ORIGIN, Relative(0.0, 0.0, math.pi / 2 - 0.15), True, spec)
    assert chunk.shape == (4, 2)
    assert np.all(np.diff(chunk[:, 1]) < 0)


def test_in_real_physics_it_gets_there_without_touching(spec):
    rng = np.random.default_rng(4)
    successes, collisions = 0, 0
    for seed in range(12):
        simulation = Simulation(generate_room(seed, "validation"), render=False)
        simulation.render = lambda: np.zeros((8, 8, 3), np.uint8)
        scenario = draw_scenario(rng, simulation.room, "go_to")
        frames = list(Episode(simulation, scenario, spec, 0.06).drive(ExpertDriver()))
        successes += frames[-1].outcome.success
        collisions += simulation.collisions
    assert collisions == 0
    assert successes >= 11
