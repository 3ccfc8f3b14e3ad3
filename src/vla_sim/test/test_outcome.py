# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import pytest

from vla_sim.geometry import Pose
from vla_sim.outcome import GOAL_GAP_M, IDLE_FOR_S, STILL_FOR_S, Judge, gap_to
from vla_sim.room import Solid, generate_room
from vla_sim.task import make_task

BALL = Solid("red", "ball", 2.0, 0.0, 0.2, 0.4, 0.0, (1, 0, 0))
BOX = Solid("blue", "box", 0.0, 2.0, 0.25, 0.4, 0.0, (0, 0, 1))
ROOM = dataclasses.replace(generate_room(0), width=7.0, depth=7.0, objects=(BALL, BOX))
ORIGIN = Pose(0.0, 0.0, 0.0)
REST = (0.0, 0.0)


def judge(family, target=None):
    return Judge(make_task(family, 0, target), ROOM, ORIGIN)


def stand(judge_, pose, seconds, start=0.0, collisions=0):
    """The outcome of standing at a pose, looked at ten times a second."""
    for step in range(int(seconds * 10) + 1):
        outcome = judge_.update(start + step / 10, pose, REST, collisions)
        if outcome is not None:
            return outcome
    return None


def test_standing_at_the_thing_succeeds_and_not_before_it_stands():
    judge_ = judge("go_to", BALL)
    here = Pose(1.4, 0.0, 0.0)
    assert gap_to(here, BALL) < GOAL_GAP_M
    assert judge_.update(0.0, here, (0.3, 0.0), 0) is None
    assert stand(judge_, here, STILL_FOR_S - 0.2) is None
    outcome = stand(judge_, here, 2.0, start=10.0)
    assert outcome is not None
    assert outcome.success


def test_standing_at_another_thing_says_which():
    outcome = stand(judge("go_to", BALL), Pose(0.0, 1.4, 1.5), IDLE_FOR_S + 1)
    assert outcome is not None
    assert (outcome.success, outcome.reason) == (False, "stands at the blue box")


def test_a_collision_fails_at_once_and_names_what_was_hit():
    judge_ = judge("go_to", BALL)
    assert judge_.update(0.0, ORIGIN, REST, 3) is None
    outcome = judge_.update(0.1, Pose(1.62, 0.0, 0.0), (0.3, 0.0), 4)
    assert outcome is not None
    assert (outcome.success, outcome.reason) == (False, "collided with the red ball")


def test_never_arriving_runs_out_of_time():
    judge_ = judge("go_to", BALL)
    judge_.update(0.0, ORIGIN, (0.3, 0.0), 0)
    outcome = judge_.update(judge_.time_limit_s + 0.1, ORIGIN, (0.3, 0.0), 0)
    assert outcome is not None
    assert "not there after 45 s" in outcome.reason


@pytest.mark.parametrize(
    ("family", "turned", "success"),
    [
        ("turn_left", 90, True),
        ("turn_left", 60, False),
        ("turn_left", -90, False),
        ("turn_right", -80, True),
        ("turn_around", 180, True),
        ("turn_around", -175, True),
        ("turn_around", 90, False),
    ],
)
def test_turns_are_judged_by_their_angle(family, turned, success):
    judge_ = judge(family)
    for share in range(11):
        judge_.update(share / 10, Pose(0, 0, math.radians(turned * share / 10)), (0, 1.0), 0)
    outcome = stand(judge_, Pose(0, 0, math.radians(turned)), IDLE_FOR_S + 1, start=2.0)
    assert outcome is not None
    assert outcome.success is success


@pytest.mark.parametrize(
    ("family", "x", "y", "success"),
    [
        ("forward", 1.1, 0.1, True),
        ("forward", 0.3, 0.0, False),
        ("forward", 1.0, 0.6, False),
        ("back_up", -0.5, 0.0, True),
        ("back_up", 0.5, 0.0, False),
        ("stop", 0.1, 0.0, True),
        ("stop", 0.8, 0.0, False),
    ],
)
def test_moves_are_judged_by_their_distance(family, x, y, success):
    outcome = stand(judge(family), Pose(x, y, 0.0), IDLE_FOR_S + 1)
    assert outcome is not None
    assert outcome.success is success


def test_the_path_is_measured():
    judge_ = judge("forward")
    for step in range(11):
        judge_.update(step / 10, Pose(step / 10, 0.0, 0.0), (1.0, 0.0), 0)
    assert judge_.path_length_m == pytest.approx(1.0)
    assert "ahead_error_m 0.00" in judge_.progress
