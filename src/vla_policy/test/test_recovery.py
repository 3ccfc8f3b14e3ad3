# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.action import ActionSpec
from vla_policy.model_policy import ModelPolicy
from vla_policy.models.config import EndToEndConfig
from vla_policy.observation import Observation
from vla_policy.recovery import (
    AWAY_M,
    FACED_RAD,
    GIVEN_UP_S,
    NEAR_M,
    NOWHERE_M,
    REVERSALS,
    ROOM_M,
    SWING_RAD,
    WITHIN_S,
    Recovery,
    freest,
)
from vla_policy.surroundings import BEARINGS, CLEARANCE_M, RANGES

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 8)
NOTHING = np.zeros((0, 2), np.float32)
WANTED = np.full((8, 2), (0.0, 1.3), np.float32)
PILLAR = np.array([(0.6, 0.0), (0.62, 0.1), (0.62, -0.1)], np.float32)


def pose(x=0.0, y=0.0, heading=0.0):
    return np.array([x, y, heading], np.float32)


def swing(recovery, swings, amplitude=0.3, period_s=1.0, ahead=0.0, points=NOTHING, spot=None):
    """Back and forth, ending straight ahead; gives the time [s] at its end."""
    headings = [0.0]
    for number in range(swings):
        headings += [amplitude * (1 if number % 2 else -1), 0.0]
    for number, heading in enumerate(headings):
        time = number * period_s / 2
        recovery.take(pose(ahead * number, 0.0, heading), round(time * 1e9), points, spot)
    return (len(headings) - 1) * period_s / 2


def leads(recovery, state=None):
    led = recovery.lead(WANTED, pose() if state is None else state, SPEC)
    return led.tolist() != WANTED.tolist()


def test_whoever_turns_back_and_forth_takes_one_way():
    recovery = Recovery()
    swing(recovery, REVERSALS, points=PILLAR, spot=(3.0, 0.0))
    led = recovery.lead(WANTED, pose(), SPEC)
    again = recovery.lead(-WANTED, pose(), SPEC)
    assert led.tolist() == again.tolist()  # whatever the network wants by now
    assert led[:, 0].max() > 0.0


@pytest.mark.parametrize(
    "otherwise",
    [
        {"swings": REVERSALS - 1},
        {"swings": 12, "amplitude": SWING_RAD / 3},
        {"swings": 12, "period_s": WITHIN_S / REVERSALS * 1.5},
        {"swings": 12, "ahead": NOWHERE_M / 3},
    ],
    ids=["a few times", "a little", "slowly", "on the way"],
)
def test_whoever_looks_about_is_let_be(otherwise):
    recovery = Recovery()
    swing(recovery, **otherwise)
    assert not leads(recovery)


def test_turning_around_and_around_is_something_else():
    recovery = Recovery()
    for number in range(400):
        recovery.take(pose(heading=0.09 * number), number * 100_000_000, NOTHING, None)
    assert not leads(recovery)


def test_a_new_sentence_ends_it():
    recovery = Recovery()
    swing(recovery, REVERSALS)
    assert leads(recovery)
    recovery.restart()
    assert not leads(recovery)


def test_it_ends_where_the_way_has_been_driven():
    recovery = Recovery()
    time = swing(recovery, REVERSALS)
    recovery.take(pose(AWAY_M * 0.9), round((time + 1) * 1e9), NOTHING, None)
    assert leads(recovery)
    recovery.take(pose(AWAY_M * 1.1), round((time + 1.1) * 1e9), NOTHING, None)
    assert not leads(recovery)


def test_where_there_is_nothing_to_drive_it_ends_once_the_named_thing_is_faced():
    recovery = Recovery()
    aside = -math.pi / 2
    time = swing(recovery, REVERSALS, spot=(0.0, -NEAR_M * 0.9))
    for number, heading in enumerate((0.0, -0.5, aside + FACED_RAD * 1.5)):
        recovery.take(pose(heading=heading), round((time + 0.3 * number) * 1e9), NOTHING, None)
        assert leads(recovery, pose(heading=heading))
    recovery.take(pose(heading=aside + FACED_RAD / 2), round((time + 1.2) * 1e9), NOTHING, None)
    assert not leads(recovery)


def test_it_ends_where_the_way_cannot_be_driven():
    recovery = Recovery()
    time = swing(recovery, REVERSALS)
    recovery.take(pose(), round((time + GIVEN_UP_S * 0.9) * 1e9), NOTHING, None)
    assert leads(recovery)
    recovery.take(pose(), round((time + GIVEN_UP_S * 1.1) * 1e9), NOTHING, None)
    assert not leads(recovery)


def test_a_way_leads_past_what_is_in_line_with_the_named_thing():
    bearing, distance = freest(PILLAR, (3.0, 0.0))
    assert 0.3 < abs(bearing) < 1.2
    assert distance == AWAY_M


def test_the_named_thing_is_not_in_its_own_way():
    assert freest(np.array([(1.0, 0.0)], np.float32), (1.1, 0.0)) == (0.0, AWAY_M)


def test_what_is_near_is_faced():
    near = NEAR_M * 0.9
    assert freest(PILLAR, (0.0, near)) == (pytest.approx(math.pi / 2), 0.0)


def test_between_walls_it_is_the_way_that_is_open():
    around = np.linspace(-math.pi, math.pi, 200, dtype=np.float32)
    walls = 0.4 * np.stack([np.cos(around), np.sin(around)], axis=1)
    walls[np.abs(around - 2.0) < 1.0] *= 1.8
    bearing, distance = freest(walls, None)
    assert bearing == pytest.approx(2.0, abs=0.4)
    assert 0.0 < distance < AWAY_M


metres = st.floats(-2, 2, width=32)
places = st.lists(st.tuples(metres, metres), max_size=12)


@given(places, st.one_of(st.none(), st.tuples(metres, metres)))
def test_the_way_keeps_off_what_is_known(points, spot):
    points = np.array(points, np.float32).reshape(-1, 2)
    points = points[np.hypot(points[:, 0], points[:, 1]) > ROOM_M + 0.01]
    bearing, distance = freest(points, spot)
    assert 0.0 <= distance <= AWAY_M
    if spot is not None:
        points = points[np.hypot(*(points - spot).T) > NEAR_M / 2]
    for share in np.linspace(0, distance, 20):
        here = share * np.array([math.cos(bearing), math.sin(bearing)])
        assert not len(points) or np.hypot(*(points - here).T).min() >= ROOM_M - 0.01


@given(st.floats(-3, 3), st.floats(-1, 1))
def test_it_turns_towards_the_way_and_then_drives(wanted, off):
    recovery = Recovery()
    away = (3 * math.cos(wanted), 3 * math.sin(wanted))
    swing(recovery, REVERSALS, spot=away)
    led = recovery.lead(WANTED, pose(heading=wanted + off), SPEC)
    heading = off
    for linear, angular in led:
        assert linear >= 0.0
        assert angular * heading <= 1e-6
        heading += angular * SPEC.dt
    assert abs(heading) <= abs(off) + 1e-6


class Undecided:
    """A network that wants to pass a pillar on the side to which it does not look."""

    name = "undecided"

    def __init__(self, gives_up_after=math.inf):
        self.heading = 0.0
        self.looks = 0
        self.gives_up_after = gives_up_after

    def run(self, inputs):
        self.looks += 1
        actions = np.zeros((1, 8, 2), np.float32)
        if self.looks <= self.gives_up_after:
            actions[..., 1] = -0.8 if self.heading > 0.0 else 0.8
        ranges = np.full((1, RANGES), 9.0, np.float32)
        to_pillar = np.abs(BEARINGS + self.heading)
        ranges[0, to_pillar < 0.3] = 0.7
        return {
            "actions": actions,
            "mode": np.float32([[0.0, 0.0, 1.0]]),
            "spot": np.float32([[3.0 * math.cos(self.heading), -3.0 * math.sin(self.heading)]]),
            "more": np.zeros(1, np.float32),
            "ranges": ranges,
        }


def drive(network, seconds, latency=2):
    """Where a policy of that network drives in a world that is as it thinks, ``[N, 3]``."""
    sizes = EndToEndConfig(image_height=32, image_width=40, horizon=8, surroundings=True)
    policy = ModelPolicy("undecided", network, sizes, SPEC)
    images = np.zeros((1, 32, 40, 3), np.uint8)
    x = y = heading = 0.0
    way = []
    for step in range(round(seconds / SPEC.dt)):
        network.heading = heading
        seen = Observation(images, "go on", step * 100_000_000, pose(x, y, heading))
        linear, angular = policy.act(seen).actions[latency]
        heading += float(angular) * SPEC.dt
        x += float(linear) * SPEC.dt * math.cos(heading)
        y += float(linear) * SPEC.dt * math.sin(heading)
        way.append((x, y, heading))
    return np.array(way)


def test_a_policy_of_an_undecided_network_gets_away():
    way = drive(Undecided(), 30.0)
    first = np.hypot(way[:5, 0], way[:5, 1]).max()
    assert first < 0.01  # it did not know yet
    assert np.hypot(way[:, 0], way[:, 1]).max() > AWAY_M * 0.8
    assert np.hypot(way[:, 0] - 0.7, way[:, 1]).min() > CLEARANCE_M


def test_a_policy_that_wants_to_stand_stands():
    way = drive(Undecided(gives_up_after=60), 30.0)
    assert np.ptp(way[70:], axis=0).max() < 0.01
