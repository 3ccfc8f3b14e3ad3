# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.action import ActionSpec
from vla_policy.memory import MEMORY_DIM
from vla_policy.model_policy import ModelPolicy
from vla_policy.models.config import EndToEndConfig
from vla_policy.observation import Observation
from vla_policy.plan import Plan
from vla_policy.surroundings import (
    BEARINGS,
    CLEARANCE_M,
    KEPT_S,
    RANGES,
    REACH_M,
    SECTORS,
    Surroundings,
)

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 8)
START = np.zeros(3, np.float32)
metres = st.floats(-5, 5, width=32)
angles = st.floats(-7, 7, width=32)


def pose(x, y, heading):
    return np.array([x, y, heading], np.float32)


def free(**near):
    """Ranges of a look that sees nothing, but for some bearings by their number."""
    ranges = np.full(RANGES, 9.0, np.float32)
    for number, value in near.items():
        ranges[int(number[1:])] = value
    return ranges


def chunk(linear, angular=0.0):
    return np.full((8, 2), (linear, angular), np.float32)


def driven(actions, spec=SPEC):
    """Where a chunk leads, in fine steps ``[N, 2]``."""
    x = y = heading = 0.0
    way = [(x, y)]
    for linear, angular in actions:
        for _ in range(10):
            heading += angular * spec.dt / 20
            x += linear * math.cos(heading) * spec.dt / 10
            y += linear * math.sin(heading) * spec.dt / 10
            heading += angular * spec.dt / 20
            way.append((x, y))
    return np.array(way)


def test_at_first_nothing_is_known():
    kept = Surroundings()
    assert kept.points(START).shape == (0, 2)
    assert kept.features(START).tolist() == [0.0] * SECTORS
    assert kept.steer(chunk(0.5), START, SPEC).tolist() == chunk(0.5).tolist()


@given(metres, metres, angles, metres, metres, angles)
def test_what_was_seen_stays_where_it_is_while_the_robot_moves(x, y, h, x2, y2, h2):
    kept = Surroundings()
    kept.take(free(n4=1.0), pose(x, y, h), 0)
    place = (x + math.cos(h + BEARINGS[4]), y + math.sin(h + BEARINGS[4]))
    (ahead, left), *others = kept.points(pose(x2, y2, h2))
    again = (
        x2 + math.cos(h2) * ahead - math.sin(h2) * left,
        y2 + math.sin(h2) * ahead + math.cos(h2) * left,
    )
    assert not others
    assert again == pytest.approx(place, abs=1e-4)


def test_what_is_far_off_is_not_kept():
    kept = Surroundings()
    kept.take(free(n4=REACH_M + 0.01), START, 0)
    assert len(kept.points(START)) == 0


def test_what_should_be_in_view_and_is_not_is_forgotten():
    kept = Surroundings()
    kept.take(free(n12=1.0), START, 0)
    kept.take(free(), pose(0, 0, 1.5), 1)  # turned away: it is out of view
    assert len(kept.points(START)) == 1
    kept.take(free(), START, 2)
    assert len(kept.points(START)) == 0


def test_what_is_below_the_image_is_kept():
    kept = Surroundings()
    kept.take(free(n12=0.4), START, 0)
    kept.take(free(), START, 1)
    assert len(kept.points(START)) == 1


def test_looks_do_not_pile_up():
    kept = Surroundings()
    ranges = np.full(RANGES, 1.0, np.float32)
    for look in range(300):
        kept.take(ranges, START, look * 30_000_000)
    assert len(kept.points(START)) <= RANGES


def test_nothing_is_kept_for_ever():
    kept = Surroundings()
    kept.take(free(n12=0.4), START, 0)
    kept.take(free(), START, round(KEPT_S * 1e9))
    assert len(kept.points(START)) == 0


def test_poses_that_begin_anew_make_it_forget():
    kept = Surroundings()
    kept.take(free(n12=0.4), START, 0)
    kept.restart()
    assert len(kept.points(START)) == 0


@pytest.mark.parametrize(("heading", "sector"), [(0.1, 11), (-0.1, 12), (math.pi / 2, 6)])
def test_sectors_are_counted_from_straight_behind(heading, sector):
    kept = Surroundings()
    kept.take(free(n12=0.5), START, 0)
    features = kept.features(pose(0, 0, heading + float(BEARINGS[12])))
    assert features.argmax() == sector
    assert features[sector] == pytest.approx(1.0 - 0.5 / REACH_M, abs=1e-3)
    assert (np.delete(features, sector) == 0.0).all()


def test_the_mirror_of_what_is_seen_is_told_the_other_way_round():
    kept, mirrored = Surroundings(), Surroundings()
    ranges = free(n2=0.4, n9=0.9, n20=1.3)
    kept.take(ranges, START, 0)
    mirrored.take(ranges[::-1].copy(), START, 0)
    assert mirrored.features(START).tolist() == kept.features(START)[::-1].tolist()


def test_a_range_that_is_no_number_is_not_kept():
    kept = Surroundings()
    kept.take(free(n4=math.nan), START, 0)
    assert len(kept.points(START)) == 0


def test_what_is_in_the_way_is_gone_around():
    kept = Surroundings()
    kept.take(free(n13=0.6), START, 0)  # a little to the left of straight ahead
    steered = kept.steer(chunk(0.5), START, SPEC)
    gaps = np.linalg.norm(driven(steered) - kept.points(START), axis=1)
    assert gaps.min() >= CLEARANCE_M - 0.01
    assert steered[0, 1] < 0.0  # to the right
    assert steered[0, 0] > 0.0  # and not by standing


def test_what_was_passed_is_not_turned_into():
    kept = Surroundings()
    kept.take(free(n20=0.45), START, 0)
    beside = pose(0.2, 0.0, 0.0)
    assert abs(math.atan2(*kept.points(beside)[0][::-1])) > 0.95  # out of view
    steered = kept.steer(chunk(0.5, 1.5), beside, SPEC)
    gaps = np.linalg.norm(driven(steered) - kept.points(beside), axis=1)
    assert gaps.min() >= min(CLEARANCE_M, gaps[0]) - 0.01


def test_to_move_away_and_to_turn_are_always_allowed():
    kept = Surroundings()
    kept.take(np.full(RANGES, 0.2, np.float32), START, 0)
    for actions in (chunk(-0.3), chunk(0.0, 1.0)):
        assert kept.steer(actions, START, SPEC).tolist() == actions.tolist()


def test_where_nothing_helps_the_robot_turns_where_it_stands():
    kept = Surroundings()
    kept.take(np.full(RANGES, 0.2, np.float32), START, 0)
    assert kept.steer(chunk(0.5, 0.3), START, SPEC).tolist() == chunk(0.0, 0.3).tolist()


@given(
    st.lists(st.tuples(st.integers(0, RANGES - 1), st.floats(0.1, 1.4)), max_size=12),
    st.lists(
        st.tuples(st.floats(-0.6, 0.6), st.floats(-1.5, 1.5)),
        min_size=8,
        max_size=8,
    ),
)
def test_no_chunk_comes_nearer_than_the_clearance(near, actions):
    kept = Surroundings()
    kept.take(free(**{f"n{number}": value for number, value in near}), START, 0)
    steered = kept.steer(np.array(actions, np.float32), START, SPEC)
    assert (np.abs(steered) <= (0.6001, 1.5001)).all()
    for point in kept.points(START):
        gaps = np.linalg.norm(driven(steered)[::10] - point, axis=1)
        nearer = np.diff(gaps) < -1e-3
        assert (gaps[1:][nearer] >= CLEARANCE_M - 0.01).all()


class Wall:
    """A network that always sees the same wall ahead, and always wants to drive on."""

    name = "wall"

    def __init__(self):
        self.told = []

    def run(self, inputs):
        self.told.append(inputs["memory"][0].copy())
        ranges = free(n11=0.5, n12=0.5)
        actions = np.tile(np.float32([1.0, 0.0]), (8, 1))
        return {
            "actions": actions[None],
            "mode": np.float32([[1, 0, 0]]),
            "spot": np.zeros((1, 2), np.float32),
            "more": np.float32([-1.0]),
            "ranges": ranges[None],
        }


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def policy(wall):
    sizes = EndToEndConfig(image_height=32, image_width=40, horizon=8, surroundings=True)
    return ModelPolicy("careful", wall, sizes, SPEC)


def observed(stamp=0, state=START, instruction="turn left", plan=None):
    images = np.zeros((1, 32, 40, 3), np.uint8)
    return Observation(images, instruction, stamp, state, plan=plan)


def test_a_policy_does_not_drive_into_what_it_sees(policy):
    driven_on = driven(policy.act(observed()).actions)
    gaps = np.linalg.norm(driven_on[:, None] - policy.surroundings.points(START), axis=-1)
    assert gaps.min() >= CLEARANCE_M - 0.01


def test_a_policy_tells_its_network_what_it_remembers(policy, wall):
    policy.act(observed())
    policy.act(observed(1, pose(0.0, 0.0, math.pi)))
    policy.act(observed(2, instruction="turn right"))
    first, second, third = (told[MEMORY_DIM:] for told in wall.told)
    assert not first.any()
    assert second[[0, -1]].all() and not second[1:-1].any()  # it is behind now
    assert not third.any()  # poses begin anew


def test_what_is_frozen_is_not_steered(policy):
    ahead = np.tile(np.float32([0.6, 0.0]), (8, 1))
    actions = policy.act(observed(plan=Plan(ahead, frozen=3, known=8))).actions
    assert actions[:3] == pytest.approx(ahead[:3])


def test_what_cannot_be_steered_is_left_as_it_is(wall):
    sizes = EndToEndConfig(image_height=32, image_width=40, horizon=8, surroundings=True)
    sideways = ActionSpec(("linear.x", "linear.y"), (-0.6, -0.6), (0.6, 0.6), 0.1, 8)
    actions = ModelPolicy("crab", wall, sizes, sideways).act(observed()).actions
    assert actions == pytest.approx(np.tile([0.6, 0.0], (8, 1)))
