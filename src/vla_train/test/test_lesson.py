# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_policy.memory import LOST, REMEMBERED, SEEN, stands
from vla_sim.geometry import Pose
from vla_sim.goal import Follow, Reach
from vla_sim.outcome import gap_to
from vla_sim.phrasebook import Phrasebook
from vla_sim.room import Solid
from vla_sim.splits import train_side
from vla_sim.task import Task, parse_task
from vla_train.expert import SEARCH_TURN, STOP_GAP_M
from vla_train.lesson import View, teach

AT_START = np.zeros(3, np.float32)
NOTHING = np.zeros(3, np.float32)
AHEAD = Pose(0.0, 0.0, 0.0)
AWAY = Pose(0.0, 0.0, math.pi)


def memory_of(pose, x, y):
    return np.array([1.0, *pose.local(x, y)], np.float32)


def go_to(room, pose, memory, spec, stage=0):
    task = parse_task("go to the red ball", room)
    return teach(View(room, pose), task, stage, AT_START, memory, spec)


def searches(lesson):
    return lesson.actions[0].tolist() == pytest.approx([0.0, SEARCH_TURN])


def test_a_thing_in_view_is_seen_marked_and_approached(room, spec):
    lesson = go_to(room, AHEAD, NOTHING, spec)
    assert lesson.sight.mode == SEEN
    assert lesson.sight.spot == pytest.approx((2.0, 0.0))
    assert lesson.pixel == pytest.approx((160, 120), abs=40)
    assert lesson.actions[0, 0] > 0.2


def test_a_thing_that_nobody_has_seen_is_searched_for(room, spec):
    lesson = go_to(room, AWAY, NOTHING, spec)
    assert (lesson.sight.mode, lesson.pixel) == (LOST, None)
    assert searches(lesson)


def test_a_thing_out_of_view_is_remembered_and_turned_to(room, spec):
    right = Pose(0.0, 0.0, 1.5)
    lesson = go_to(room, right, memory_of(right, 2.1, 0.1), spec)
    assert lesson.sight.mode == REMEMBERED
    assert lesson.actions[0, 1] < -1.0


def test_what_is_seen_corrects_a_wrong_memory(room, spec):
    lesson = go_to(room, AHEAD, memory_of(AHEAD, 1.5, 1.2), spec)
    assert lesson.sight.mode == SEEN
    assert lesson.sight.spot == pytest.approx((2.0, 0.0))


def test_a_memory_of_a_place_that_is_seen_to_be_empty_is_given_up(room, spec):
    lesson = go_to(room, AWAY, memory_of(AWAY, -2.0, 0.0), spec)
    assert lesson.sight.mode == LOST
    assert searches(lesson)


def test_a_wrong_memory_of_a_place_out_of_view_is_gone_after(room, spec):
    away = Pose(0.0, 0.0, 2.4)
    lesson = go_to(room, away, memory_of(away, -1.0, -2.0), spec)
    assert lesson.sight.mode == REMEMBERED
    assert not searches(lesson)


BOXES = (
    Solid("red", "box", 2.5, 1.0, 0.2, 0.4, 0.0, (1, 0, 0)),
    Solid("blue", "box", 2.5, -1.0, 0.2, 0.4, 0.0, (0, 0, 1)),
)


@pytest.fixture
def boxes(room):
    return dataclasses.replace(room, objects=(*room.objects, *BOXES))


def left_of(room, pose, memory, spec):
    task = parse_task("go to the box left of the ball", room, AHEAD)
    return teach(View(room, pose), task, 0, AT_START, memory, spec)


def test_a_relation_is_seen_where_the_view_tells_what_is_meant(boxes, spec):
    lesson = left_of(boxes, AHEAD, NOTHING, spec)
    assert lesson.sight.mode == SEEN
    assert lesson.sight.spot == pytest.approx((2.5, 1.0))


def test_where_the_view_does_not_tell_it_is_what_is_remembered(boxes, spec):
    behind = Pose(3.0, 2.0, -2.0)
    assert left_of(boxes, behind, NOTHING, spec).sight.mode == LOST
    lesson = left_of(boxes, behind, memory_of(behind, 2.4, 1.1), spec)
    assert lesson.sight.mode == SEEN
    assert lesson.sight.spot == pytest.approx(behind.local(2.5, 1.0))


def test_from_afar_a_memory_may_be_off_by_more(boxes, spec):
    for pose, right in ((Pose(3.0, -2.9, 1.7), True), (Pose(3.0, 2.0, -2.0), False)):
        memory = memory_of(pose, 2.5, 1.7)  # 0.7 m off
        assert (left_of(boxes, pose, memory, spec).sight.mode == SEEN) == right


def test_a_spot_between_two_things_is_driven_to(boxes, spec):
    without_ball = dataclasses.replace(boxes, objects=BOXES)
    task = parse_task("go between the two boxes", without_ball, AHEAD)
    lesson = teach(View(without_ball, AHEAD), task, 0, AT_START, NOTHING, spec)
    assert lesson.sight.mode == SEEN
    assert lesson.sight.spot == pytest.approx((2.5, 0.0))
    assert lesson.actions[0, 0] > 0.3


def test_what_moved_is_followed_to_where_it_is_now(room, spec):
    ball = room.objects[0]
    task = Task("follow", (Follow(ball),), "follow the red ball")
    moved = dataclasses.replace(room, objects=(dataclasses.replace(ball, x=2.0, y=1.0),))
    lesson = teach(View(moved, AHEAD), task, 0, AT_START, NOTHING, spec)
    assert lesson.sight.spot == pytest.approx((2.0, 1.0))
    assert lesson.actions[0, 1] > 0.2


def test_a_sequence_has_more_to_come_in_its_first_part_wherever_the_robot_is(room, spec):
    ball = room.objects[0]
    at_ball = Pose(ball.x - ball.radius - 0.18 - STOP_GAP_M, 0.0, 0.0)
    assert gap_to(at_ball, ball) == pytest.approx(STOP_GAP_M)
    task = parse_task("first go to the red ball, then turn left", room)
    there = teach(View(room, at_ball), task, 0, AT_START, NOTHING, spec)
    assert there.more
    assert stands(spec.normalise(there.actions))
    far = teach(View(room, AHEAD), task, 0, AT_START, NOTHING, spec)
    assert far.more
    assert not stands(spec.normalise(far.actions))
    second = teach(View(room, at_ball), task, 1, AT_START, NOTHING, spec)
    assert not second.more
    assert second.sight is None
    assert second.actions[0, 1] > 1.0


def test_a_task_of_one_part_never_goes_on_to_another(room, spec):
    ball = room.objects[0]
    at_ball = Pose(ball.x - ball.radius - 0.18 - STOP_GAP_M, 0.0, 0.0)
    lesson = go_to(room, at_ball, NOTHING, spec)
    assert not lesson.actions.any()
    assert not lesson.more


def test_a_turn_names_nothing(room, spec):
    task = Phrasebook.of(train_side()).move_by(np.random.default_rng(0), "turn_left", 30.0)
    lesson = teach(View(room, AHEAD), task, 0, np.array([0, 0, 0.5], np.float32), NOTHING, spec)
    assert lesson.sight is None
    assert lesson.pixel is None
    assert abs(lesson.actions[0, 1]) < 0.1


def test_a_thing_that_is_not_there_is_never_seen(room, spec):
    absent = dataclasses.replace(room.objects[0], colour="blue")
    task = Task("go_to", (Reach.thing(absent),), "go to the blue ball")
    lesson = teach(View(room, AHEAD), task, 0, AT_START, NOTHING, spec)
    assert lesson.sight.mode == LOST
    assert searches(lesson)


def test_a_memory_of_it_is_given_up_where_something_else_stands(room, spec):
    absent = dataclasses.replace(room.objects[0], colour="blue")
    task = Task("go_to", (Reach.thing(absent),), "go to the blue ball")
    lesson = teach(View(room, AHEAD), task, 0, AT_START, memory_of(AHEAD, 2.0, 0.0), spec)
    assert lesson.sight.mode == LOST
