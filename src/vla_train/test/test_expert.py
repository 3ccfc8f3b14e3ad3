# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.goal import Drive, Follow, Reach, Stop, Turn
from vla_sim.outcome import gap_to
from vla_sim.phrasebook import Phrasebook
from vla_sim.room import Solid, generate_room
from vla_sim.simulation import Simulation
from vla_sim.splits import FAMILIES, train_side
from vla_train.drivers import ExpertDriver
from vla_train.expert import FOLLOW_GAP_M, SEARCH_TURN, STOP_GAP_M, Expert
from vla_train.motion import advance
from vla_train.rollout import Episode
from vla_train.scenario import Scenario, draw_scenario

BALL = Solid("red", "ball", 2.0, 0.0, 0.2, 0.4, 0.0, (0.9, 0.0, 0.0))  # of the fixture `room`
ORIGIN = Pose(0.0, 0.0, 0.0)


def drive(expert, seconds, place=None):
    """Poses of an ideal base under the expert; they are relative, too."""
    pose = ORIGIN
    for _ in range(int(seconds / 0.05)):
        action = expert.act(pose, pose, place)
        pose = advance(pose, *action, 0.05)
        yield pose, action


def go(room, seconds, thing=None):
    """The same, to a thing (by default the first) whose place is known."""
    thing = thing or room.objects[0]
    return list(drive(Expert(Reach.thing(thing), room), seconds, (thing.x, thing.y)))


def test_it_stops_in_front_of_the_thing(room):
    ball = room.objects[0]
    pose, action = go(room, 15.0)[-1]
    assert gap_to(pose, ball) == pytest.approx(STOP_GAP_M, abs=0.06)
    assert action == (0.0, 0.0)


def test_what_nobody_has_seen_is_searched_by_turning_left(room):
    expert = Expert(Reach.thing(room.objects[0]), room)
    assert expert.act(ORIGIN, ORIGIN, None) == (0.0, SEARCH_TURN)


def test_it_drives_to_where_the_thing_is_believed_to_be(room):
    pose, action = list(drive(Expert(Reach.thing(room.objects[0]), room), 15.0, (0.0, 2.0)))[-1]
    assert pose.distance_to(0.0, 2.0) < 0.8
    assert action == (0.0, 0.0)


def test_a_spot_of_the_floor_is_driven_onto(room):
    pose, action = list(drive(Expert(Reach(None, 1.0, 1.5), room), 15.0, (1.0, 1.5)))[-1]
    assert pose.distance_to(1.0, 1.5) < 0.1
    assert action == (0.0, 0.0)


def test_from_what_it_follows_it_keeps_more_distance(room):
    ball = room.objects[0]
    place = (ball.x, ball.y)
    pose, _ = list(drive(Expert(Follow(ball), room), 15.0, place))[-1]
    assert gap_to(pose, ball) == pytest.approx(FOLLOW_GAP_M, abs=0.06)


def test_it_drives_around_what_stands_in_the_way(room):
    pillar = Solid("blue", "cylinder", 1.0, 0.05, 0.2, 0.4, 0.0, (0, 0, 1))
    crowded = dataclasses.replace(room, objects=(room.objects[0], pillar))
    poses = [pose for pose, _ in go(crowded, 20.0)]
    assert min(gap_to(pose, pillar) for pose in poses) > 0.05
    assert gap_to(poses[-1], room.objects[0]) < 0.4


@pytest.mark.parametrize("aside", [-0.1, 0.0, 0.1])
def test_it_turns_away_from_what_is_too_near_to_be_passed_in_view(room, aside):
    """As after it has gone to the pillar, and is then told to go to the thing behind."""
    pillar = Solid("blue", "cylinder", 0.62, aside, 0.2, 0.4, 0.0, (0, 0, 1))
    crowded = dataclasses.replace(room, objects=(room.objects[0], pillar))
    steps = go(crowded, 25.0)
    assert min(gap_to(pose, pillar) for pose, _ in steps) > 0.05
    assert gap_to(steps[-1][0], room.objects[0]) < 0.4
    assert min(linear for _, (linear, _) in steps) == 0.0  # it never backs off


def test_on_the_way_around_the_thing_stays_in_view_where_there_is_room(room):
    pillar = Solid("blue", "cylinder", 1.1, 0.05, 0.2, 0.4, 0.0, (0, 0, 1))
    crowded = dataclasses.replace(room, objects=(room.objects[0], pillar))
    poses = [pose for pose, _ in go(crowded, 20.0)]
    bearings = [pose.bearing_to(room.objects[0].x, room.objects[0].y) for pose in poses]
    assert max(map(abs, bearings)) < 0.82  # what the camera sees


def test_where_it_heads_changes_little_where_it_stands_little_elsewhere(room):
    """A policy that learns from it is never sure where a pillar stands to the centimetre."""
    pillar = Solid("blue", "cylinder", 1.0, 0.05, 0.2, 0.4, 0.0, (0, 0, 1))
    crowded = dataclasses.replace(room, objects=(room.objects[0], pillar))
    expert = Expert(Reach.thing(room.objects[0]), crowded)
    place = (room.objects[0].x, room.objects[0].y)
    for y in np.arange(-1.0, 0.0, 0.01):  # all pass it on the same side
        turns = [expert.act(Pose(0.2, y + off, 0.3), ORIGIN, place)[1] for off in (0.0, 0.01)]
        assert abs(turns[1] - turns[0]) < 0.25


@pytest.mark.parametrize(
    ("goal", "x", "heading"),
    [
        (Turn(math.pi / 2), 0.0, math.pi / 2),
        (Turn(-math.pi / 6), 0.0, -math.pi / 6),
        (Turn(math.pi, either=True), 0.0, math.pi),
        (Drive(2.0), 2.0, 0.0),
        (Drive(-0.5), -0.5, 0.0),
        (Stop(), 0.0, 0.0),
    ],
)
def test_moves_end_where_their_sentence_says(room, goal, x, heading):
    empty = dataclasses.replace(room, objects=())
    pose, action = list(drive(Expert(goal, empty), 12.0))[-1]
    assert (pose.x, pose.yaw) == pytest.approx((x, heading), abs=0.04)
    assert action == (0.0, 0.0)


def test_a_chunk_foresees_its_own_motion(room, spec):
    expert = Expert(Turn(math.pi / 2), room)
    chunk = expert.chunk(ORIGIN, Pose(0.0, 0.0, math.pi / 2 - 0.15), None, spec)
    assert chunk.shape == (4, 2)
    assert np.all(np.diff(chunk[:, 1]) < 0)


def successes(spec, family, latency_s):
    """How many of six tasks it does in rooms that training never saw; it never collides."""
    rng, book = np.random.default_rng(4), Phrasebook.of(train_side())
    outcomes = []
    for seed in range(6):
        room = generate_room(seed, "validation")
        simulation = Simulation(room, render=False)
        scenario = draw_scenario(rng, room, book, family)
        driver = ExpertDriver(scenario.task, spec, rng, latency_s)
        episode = Episode(simulation, scenario, spec, latency_s)
        outcomes.append(list(episode.drive(driver))[-1].outcome)
    assert not any(outcome.collided for outcome in outcomes)
    return sum(outcome.success for outcome in outcomes)


@pytest.mark.parametrize("family", FAMILIES)
def test_in_real_physics_it_does_what_it_is_told_without_touching(spec, family):
    assert successes(spec, family, 0.06) >= 5


def test_whoever_knows_how_late_it_drives_drives_short_ways_too(room, spec):
    """Steps of a chunk that are over before its time comes would never be driven."""
    spec = dataclasses.replace(spec, horizon=4)  # 0.4 s, of which 0.36 are over
    gaps = {}
    for known_s in (0.0, 0.36):
        simulation = Simulation(room, render=False)
        book = Phrasebook.of(train_side())
        scenario = Scenario(room, room.start, book.go_to(np.random.default_rng(0), BALL))
        driver = ExpertDriver(scenario.task, spec, np.random.default_rng(0), known_s)
        *_, last = Episode(simulation, scenario, spec, 0.36).drive(driver)
        assert last.outcome.success
        gaps[known_s] = gap_to(simulation.pose, BALL)
    assert gaps[0.36] < gaps[0.0] - 0.01
    assert gaps[0.36] == pytest.approx(STOP_GAP_M + 0.04, abs=0.02)


@pytest.mark.parametrize("family", FAMILIES)
def test_latency_that_it_knows_takes_nothing_from_it(spec, family):
    spec = dataclasses.replace(spec, horizon=8)
    assert successes(spec, family, 0.36) >= 5
