# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import pytest

from vla_sim.geometry import Pose
from vla_sim.goal import Follow, Reach, Stop
from vla_sim.outcome import (
    FOLLOW_S,
    GOAL_GAP_M,
    IDLE_FOR_S,
    PASSED_FOR_S,
    SPOT_RADIUS_M,
    STILL_FOR_S,
    Judge,
    gap_to,
)
from vla_sim.room import Solid, generate_room
from vla_sim.task import Task, amount_of

BALL = Solid("red", "ball", 2.0, 0.0, 0.2, 0.4, 0.0, (1, 0, 0))
BOX = Solid("blue", "box", 0.0, 2.0, 0.25, 0.4, 0.0, (0, 0, 1))
ROOM = dataclasses.replace(generate_room(0), width=7.0, depth=7.0, objects=(BALL, BOX))
ORIGIN = Pose(0.0, 0.0, 0.0)
REST = (0.0, 0.0)


def judge(kind, target=None, amount=None):
    goal = Stop() if kind == "stop" else None
    goal = goal or (Reach.thing(target) if target else amount_of(kind, amount))
    return judge_goals(kind, goal)


def judge_goals(kind, *goals):
    return Judge(Task(kind, goals, ""), ROOM, ORIGIN)


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
    assert outcome.at == "blue box"


def test_a_collision_fails_at_once_and_names_what_was_hit():
    judge_ = judge("go_to", BALL)
    assert judge_.update(0.0, ORIGIN, REST, 3) is None
    outcome = judge_.update(0.1, Pose(1.62, 0.0, 0.0), (0.3, 0.0), 4)
    assert outcome is not None
    assert (outcome.success, outcome.reason) == (False, "collided with the red ball")
    assert outcome.collided


def test_never_arriving_runs_out_of_time():
    judge_ = judge("go_to", BALL)
    judge_.update(0.0, ORIGIN, (0.3, 0.0), 0)
    outcome = judge_.update(judge_.time_limit_s + 0.1, ORIGIN, (0.3, 0.0), 0)
    assert outcome is not None
    assert "not there after 45 s" in outcome.reason


@pytest.mark.parametrize(
    ("kind", "amount", "turned", "success"),
    [
        ("turn_left", None, 90, True),
        ("turn_left", None, 60, False),
        ("turn_left", None, -90, False),
        ("turn_left", 30, 40, True),
        ("turn_left", 30, 50, False),
        ("turn_left", 30, 0, False),
        ("turn_left", 180, 180, True),
        ("turn_left", 180, -180, False),
        ("turn_right", None, -80, True),
        ("turn_around", None, 180, True),
        ("turn_around", None, -175, True),
        ("turn_around", None, 90, False),
    ],
)
def test_turns_are_judged_by_their_angle(kind, amount, turned, success):
    judge_ = judge(kind, amount=amount)
    for share in range(11):
        judge_.update(share / 10, Pose(0, 0, math.radians(turned * share / 10)), (0, 1.0), 0)
    outcome = stand(judge_, Pose(0, 0, math.radians(turned)), IDLE_FOR_S + 1, start=2.0)
    assert outcome is not None
    assert outcome.success is success


@pytest.mark.parametrize(
    ("kind", "amount", "x", "y", "success"),
    [
        ("forward", None, 1.1, 0.1, True),
        ("forward", None, 0.3, 0.0, False),
        ("forward", None, 1.0, 0.6, False),
        ("forward", 2.0, 1.7, 0.0, True),
        ("forward", 2.0, 1.6, 0.0, False),
        ("forward", 0.4, 0.5, 0.0, True),
        ("forward", 0.4, 0.6, 0.0, False),
        ("back_up", None, -0.5, 0.0, True),
        ("back_up", None, 0.5, 0.0, False),
        ("stop", None, 0.1, 0.0, True),
        ("stop", None, 0.8, 0.0, False),
    ],
)
def test_moves_are_judged_by_their_distance(kind, amount, x, y, success):
    outcome = stand(judge(kind, amount=amount), Pose(x, y, 0.0), IDLE_FOR_S + 1)
    assert outcome is not None
    assert outcome.success is success


def test_the_path_is_measured():
    judge_ = judge("forward")
    for step in range(11):
        judge_.update(step / 10, Pose(step / 10, 0.0, 0.0), (1.0, 0.0), 0)
    assert judge_.path_length_m == pytest.approx(1.0)
    assert "ahead_error_m 0.00" in judge_.progress


@pytest.mark.parametrize(("off", "success"), [(0.9, True), (1.1, False)])
def test_a_spot_of_the_floor_is_reached_within_its_radius(off, success):
    judge_ = judge_goals("between", Reach(None, 1.0, 1.0))
    outcome = stand(judge_, Pose(1.0 + off * SPOT_RADIUS_M, 1.0, 0.0), IDLE_FOR_S + 1)
    assert outcome.success is success


def test_of_two_goals_the_first_must_be_stood_at_before_the_second_counts():
    goals = (Reach.thing(BALL), amount_of("turn_left", None))
    at_ball = Pose(1.4, 0.0, 0.0)
    turned = Pose(1.4, 0.0, math.pi / 2)

    judge_ = judge_goals("sequence", *goals)
    assert stand(judge_, at_ball, PASSED_FOR_S + 0.1) is None
    assert judge_.stage == 1
    assert stand(judge_, turned, STILL_FOR_S + 0.2, start=5.0).success

    judge_ = judge_goals("sequence", *goals)
    outcome = stand(judge_, Pose(0.0, 0.0, math.pi / 2), IDLE_FOR_S + 1)
    assert (outcome.success, judge_.stage) == (False, 0)


def roll(judge_, gap):
    """Follow the ball, which rolls away, at a gap."""
    for step in range(int(FOLLOW_S * 10) + 2):
        ball = dataclasses.replace(BALL, x=2.0 + 0.02 * step)
        room = dataclasses.replace(ROOM, objects=(ball, BOX))
        pose = Pose(ball.x - ball.radius - 0.18 - gap, 0.0, 0.0)
        outcome = judge_.update(step / 10, pose, (0.2, 0.0), 0, room)
        if outcome is not None:
            return outcome
    return None


@pytest.mark.parametrize(("gap", "success"), [(0.6, True), (1.1, True), (1.4, False)])
def test_following_is_to_stay_near_what_moves(gap, success):
    assert roll(judge_goals("follow", Follow(BALL)), gap).success is success


def test_to_wait_for_what_rolls_away_is_not_to_follow():
    judge_ = judge_goals("follow", Follow(BALL))
    for step in range(int(FOLLOW_S * 10) + 2):
        ball = dataclasses.replace(BALL, x=2.0 + 0.02 * step)
        outcome = judge_.update(
            step / 10, Pose(1.4, 0, 0), REST, 0, dataclasses.replace(ROOM, objects=(ball, BOX))
        )
    assert not outcome.success
