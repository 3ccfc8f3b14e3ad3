# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.robot import ROBOT
from vla_sim.room import generate_room
from vla_sim.walk import KEEP_OFF_M, SPEED_M_S, Walk

STEP_S = 0.02


def roll(seed, robot, seconds=30.0):
    """Positions of a ball, and its room."""
    room = next(
        room
        for room in (generate_room(100 * seed + i, "train") for i in range(100))
        if any(s.shape == "ball" for s in room.things)
    )
    ball = next(s for s in room.things if s.shape == "ball")
    walk = Walk(np.random.default_rng(seed), room, ball)
    places = []
    for _ in range(int(seconds / STEP_S)):
        x, y = walk.step(STEP_S, robot(walk.ball))
        moved = dataclasses.replace(ball, x=x, y=y)
        objects = tuple(moved if s.name == ball.name else s for s in room.objects)
        walk.rolled(moved, dataclasses.replace(room, objects=objects))
        places.append((x, y))
    return room, ball, np.array(places)


def far_away(_ball):
    return Pose(100.0, 100.0, 0.0)


@pytest.mark.parametrize("seed", range(8))
def test_it_rolls_far_and_touches_nothing(seed):
    room, ball, places = roll(seed, far_away)
    steps = np.hypot(*np.diff(places, axis=0).T)
    assert steps.sum() > 2.0
    assert steps.max() <= SPEED_M_S[1] * STEP_S + 1e-9
    for other in room.objects:
        if other.name != ball.name:
            gaps = np.hypot(places[:, 0] - other.x, places[:, 1] - other.y)
            assert gaps.min() > other.radius + ball.radius + 0.1
    assert np.abs(places[:, 0]).max() < room.width / 2 - ball.radius
    assert np.abs(places[:, 1]).max() < room.depth / 2 - ball.radius


def test_the_same_stream_is_the_same_way():
    assert np.array_equal(roll(3, far_away)[2], roll(3, far_away)[2])


def test_it_never_rolls_into_a_robot_that_stands_in_its_way():
    stands = {}

    def robot(ball):
        if not stands and math.hypot(ball.x, ball.y) > 0:
            stands["at"] = Pose(ball.x + ball.radius + ROBOT.radius + 0.3, ball.y, 0.0)
        return stands["at"]

    _, ball, places = roll(5, robot)
    at = stands["at"]
    gaps = np.hypot(places[:, 0] - at.x, places[:, 1] - at.y) - ball.radius - ROBOT.radius
    assert gaps.min() >= min(0.3, KEEP_OFF_M) - 0.02
