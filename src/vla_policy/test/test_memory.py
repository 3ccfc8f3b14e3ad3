# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.memory import (
    DWELL_S,
    LOSE_S,
    LOST,
    REMEMBERED,
    SEEN,
    STANDS_BELOW,
    STANDS_STEPS,
    STILL_M,
    STILL_RAD,
    STILL_S,
    Memory,
    Sight,
    stands,
)

START = np.zeros(3, np.float32)
metres = st.floats(-5, 5)
angles = st.floats(-7, 7)


def pose(x, y, heading):
    return np.array([x, y, heading], np.float32)


def seen(x, y, more=False):
    return Sight(SEEN, (x, y), more)


def test_at_first_nothing_is_known():
    memory = Memory()
    assert memory.features(START).tolist() == [0, 0, 0]
    assert memory.stage == 0


@given(metres, metres, angles, metres, metres, metres, metres, angles)
def test_what_was_seen_stays_where_it_is_while_the_robot_moves(x, y, h, a, b, x2, y2, h2):
    memory = Memory()
    memory.take(seen(a, b), False, pose(x, y, h), 0)
    known, ahead, left = memory.features(pose(x2, y2, h2))
    place = (x + math.cos(h) * a - math.sin(h) * b, y + math.sin(h) * a + math.cos(h) * b)
    again = (
        x2 + math.cos(h2) * ahead - math.sin(h2) * left,
        y2 + math.sin(h2) * ahead + math.cos(h2) * left,
    )
    assert known == 1
    assert again == pytest.approx(place, abs=1e-4)


LOST_IT = Sight(LOST, (9.0, 9.0), False)


def test_a_look_that_does_not_see_it_changes_nothing():
    memory = Memory()
    memory.take(seen(2.0, 1.0), False, START, 0)
    memory.take(Sight(REMEMBERED, (9.0, 9.0), False), False, START, 1)
    assert memory.features(START).tolist() == [1, 2, 1]


def test_it_is_forgotten_when_looks_have_missed_it_for_a_while():
    memory, patience = Memory(), int(LOSE_S * 1e9)
    memory.take(seen(2.0, 1.0), False, START, 0)
    memory.take(LOST_IT, False, START, 1)
    memory.take(LOST_IT, False, START, patience)
    assert memory.features(START).tolist() == [1, 2, 1]
    memory.take(LOST_IT, False, START, patience + 1)
    assert memory.features(START).tolist() == [0, 0, 0]


def test_a_look_in_between_that_sees_it_dispels_the_doubt():
    memory, patience = Memory(), int(LOSE_S * 1e9)
    memory.take(seen(2.0, 1.0), False, START, 0)
    memory.take(LOST_IT, False, START, 1)
    memory.take(seen(2.0, 1.0), False, START, patience)
    memory.take(LOST_IT, False, START, patience + 1)
    assert memory.features(START).tolist() == [1, 2, 1]


def test_many_looks_are_better_than_the_last_one():
    rng, memory = np.random.default_rng(0), Memory()
    for look in range(50):
        x, y = rng.normal((3.0, 1.0), 0.15)
        memory.take(seen(x, y), False, START, look * 100_000_000)
    assert memory.features(START)[1:] == pytest.approx([3.0, 1.0], abs=0.12)


def test_a_look_from_near_counts_for_more_than_what_was_seen_from_afar():
    memory = Memory()
    memory.take(seen(4.0, 0.0), False, START, 0)
    memory.take(seen(0.8, 0.0), False, pose(3.0, 0.0, 0.0), 1)
    assert memory.features(START)[1] == pytest.approx(3.8, abs=0.03)


def test_from_afar_two_looks_at_one_thing_may_differ_by_more():
    for distance, differs, kept in ((1.0, 0.7, False), (5.0, 0.7, True)):
        memory = Memory()
        memory.take(seen(distance, 0.0), False, START, 0)
        memory.take(seen(distance, differs), False, START, 0)
        assert (memory.features(START)[2] < differs - 0.1) == kept


def test_after_a_turn_a_look_counts_for_more_the_further_off_it_is():
    moved = {}
    for turned in (0.0, 0.5):
        memory, now = Memory(), pose(0.0, 0.0, turned)
        for _ in range(20):
            memory.take(seen(4.0, 0.0), False, START, 0)
        there = math.cos(turned) * 4.0, -math.sin(turned) * 4.0  # where it is by odometry
        memory.take(seen(there[0], there[1] + 0.3), False, now, 0)
        moved[turned] = memory.features(now)[2] - there[1]
    assert moved[0.0] < 0.05
    assert moved[0.5] > 2 * moved[0.0]


def test_what_is_seen_somewhere_else_is_there():
    memory = Memory()
    memory.take(seen(4.0, 0.0), False, START, 0)
    memory.take(seen(2.0, 1.0), False, START, 1)
    assert memory.features(START).tolist() == [1, 2, 1]


def test_the_next_part_begins_after_the_robot_has_stood_where_the_first_one_ended():
    memory, here = Memory(), pose(1.0, 2.0, math.pi / 2)
    dwell = int(DWELL_S * 1e9)
    assert memory.take(seen(1, 0, more=True), True, here, 0)
    assert memory.take(seen(1, 0, more=True), True, here, dwell - 1)
    assert memory.stage == 0
    memory.take(seen(1, 0, more=True), True, here, dwell)
    assert memory.stage == 1
    assert memory.features(here).tolist() == [0, 0, 0]
    assert memory.state(here).tolist() == [0, 0, 0]
    assert memory.state(pose(1.0, 3.0, math.pi)) == pytest.approx([1, 0, math.pi / 2], abs=1e-6)


def test_one_doubtful_look_begins_the_wait_anew():
    memory = Memory()
    memory.take(seen(1, 0, more=True), True, START, 0)
    assert not memory.take(seen(1, 0), True, START, 300_000_000)
    memory.take(seen(1, 0, more=True), True, START, 600_000_000)
    assert memory.stage == 0


def test_whoever_still_moves_does_not_go_on():
    memory = Memory()
    assert not memory.take(seen(1, 0, more=True), False, START, 0)
    assert not memory.take(seen(1, 0, more=True), False, START, 10**10)
    assert memory.stage == 0


def test_who_stands_where_nothing_follows_stays():
    memory = Memory()
    assert not memory.take(seen(1, 0), True, START, 0)
    assert not memory.take(seen(1, 0), True, START, 10**10)
    assert memory.stage == 0


def test_a_robot_stands_where_the_first_actions_are_small():
    actions = np.zeros((8, 2), np.float32)
    assert stands(actions)
    actions[STANDS_STEPS:] = 1.0
    assert stands(actions)
    actions[STANDS_STEPS - 1, 1] = -STANDS_BELOW
    assert not stands(actions)


def test_after_the_last_part_there_is_no_other():
    memory = Memory()
    memory.stage = 1
    assert not memory.take(seen(1, 0, more=True), True, START, 0)
    assert not memory.take(seen(1, 0, more=True), True, START, 10**10)
    assert memory.stage == 1


def test_a_new_sentence_forgets_everything():
    memory = Memory()
    memory.take(seen(1, 0), False, START, 0)
    memory.stage = 1
    memory.restart()
    assert memory.stage == 0
    assert memory.features(START).tolist() == [0, 0, 0]


SECOND = 10**9


def late(count=4):
    """A chunk that moves in its first steps and then stands ``[8, 2]``."""
    actions = np.zeros((8, 2), np.float32)
    actions[:count] = 0.5
    return actions


def test_whoever_has_not_moved_stands_though_what_came_too_late_would_have_moved():
    memory = Memory()
    assert not memory.stands(late(), START, 0)
    assert not memory.stands(late(), pose(STILL_M / 2, 0, 0), round(STILL_S * SECOND) - 1)
    assert memory.stands(late(), pose(0, 0, STILL_RAD / 2), round(STILL_S * SECOND))


@pytest.mark.parametrize(
    "away", [(2 * STILL_M, 0, 0), (0, -2 * STILL_M, 0), (0, 0, 2 * STILL_RAD)]
)
def test_whoever_moved_a_moment_ago_does_not_stand(away):
    memory = Memory()
    memory.stands(late(), START, 0)
    memory.stands(late(), pose(*away), SECOND)
    assert not memory.stands(late(), pose(*away), 2 * SECOND - 1)
    assert memory.stands(late(), pose(*away), SECOND + round(STILL_S * SECOND))


def test_whoever_will_drive_on_does_not_stand():
    memory = Memory()
    memory.stands(late(8), START, 0)
    assert not memory.stands(late(8), START, 9 * SECOND)
    assert memory.stands(late(0), pose(1, 0, 0), 9 * SECOND + 1)


def test_a_new_sentence_waits_anew():
    memory = Memory()
    memory.stands(late(), START, 0)
    memory.restart()
    assert not memory.stands(late(), START, 5 * SECOND)
