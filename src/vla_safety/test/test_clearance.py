# SPDX-License-Identifier: Apache-2.0
"""Geometry with known answers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vla_safety.clearance import Body, in_motion_frame, stopping_distance, stopping_speed
from vla_safety.drift import STILL, Drift
from vla_safety.velocity import Velocity

BODY = Body(radius=0.18, margin=0.06, lateral_margin=0.03)


def free(*points, curvature=0.0, body=BODY):
    return body.free_distance(np.array(points, dtype=float).reshape(-1, 2), curvature)


def test_nothing_seen_is_free_without_end():
    assert free() == free(curvature=3.0) == math.inf


def test_point_straight_ahead_leaves_its_distance_less_radius_and_margin():
    assert free((1.0, 0.0)) == pytest.approx(0.76)
    assert free((0.20, 0.0)) == pytest.approx(-0.04)


def test_point_off_the_middle_is_met_later_by_a_round_robot():
    assert free((1.0, 0.144)) == pytest.approx(1.0 - 0.192)  # 0.24^2 = 0.144^2 + 0.192^2


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_lateral_margin_is_the_edge_of_what_is_in_the_way(side):
    assert free((1.0, side * 0.211)) == math.inf
    assert free((1.0, side * 0.209)) < 1.0


@pytest.mark.parametrize("curvature", [0.0, 2.0, -2.0, 100.0])
def test_what_is_beside_or_behind_is_never_in_the_way(curvature):
    assert free((0.0, 0.19), (-0.01, 0.1), (-1.0, 0.0), curvature=curvature) == math.inf


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_point_on_the_arc_leaves_the_arc_to_it(side):
    # A quarter of a circle of radius 1 ends at (1, 1); a chord of 0.24 spans 2 asin(0.12).
    expected = math.pi / 2 - 2 * math.asin(0.12)
    assert free((1.0, side), curvature=side) == pytest.approx(expected)
    assert free((1.0, side), curvature=-side) == math.inf
    assert free((1.0, side)) == math.inf


def test_inside_of_the_arc_is_free():
    assert free((0.25, 1.0), curvature=1.0) == math.inf


def test_slow_turn_to_one_side_still_looks_straight_ahead():
    assert free((0.6, 0.0), curvature=2.0) <= 0.36


def test_tightest_arcs_and_their_centres_are_no_trouble():
    for point in [(0.1, 0.3), (1e-9, 0.01), (0.01, 0.0), (0.0, 0.01)]:
        for curvature in (1e9, 100.0, -100.0, 1e-9):
            assert not math.isnan(free(point, curvature=curvature))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("curvature", [1e300, math.inf, -math.inf])
def test_a_turn_on_the_spot_has_a_distance_to_every_point(curvature):
    on_the_edge = BODY.radius + BODY.margin  # where the law of cosines would divide 0 by 0
    for x in (on_the_edge, 1e-12, 1.0):
        assert not math.isnan(free((x, 0.0), curvature=curvature))


@given(st.floats(0.0, 3.0), st.floats(-1.0, 1.0), st.floats(-5.0, 5.0))
def test_margin_is_left_after_the_free_distance(x, y, curvature):
    distance = free((x, y), curvature=curvature)
    if not 0.0 < distance < math.inf or abs(curvature) < 0.02:
        return
    for way in (0.0, curvature):
        for share in np.linspace(0.0, 1.0, 11):
            turn = way * distance * share
            chord = distance * share * (math.sin(turn / 2) / (turn / 2) if turn else 1.0)
            centre = chord * math.cos(turn / 2), chord * math.sin(turn / 2)
            beside = BODY.radius + BODY.lateral_margin
            assert math.dist(centre, (x, y)) >= beside - 1e-6


@given(
    st.floats(-3.0, 3.0),
    st.floats(-3.0, 3.0),
    st.floats(-5.0, 5.0),
    st.floats(0.0, 0.5),
    st.floats(0.0, 0.5),
)
def test_a_point_out_of_reach_is_as_far_along_every_way(x, y, curvature, margin, lateral_margin):
    body = Body(0.18, margin, lateral_margin)
    beyond = math.hypot(x, y) - body.reach
    assume(beyond >= 0.0)
    assert free((x, y), curvature=curvature, body=body) >= beyond - 1e-6


@given(st.floats(0.0, 5.0), st.floats(0.1, 10.0), st.floats(0.0, 1.0))
def test_stopping_distance_is_the_inverse_of_stopping_speed(speed, deceleration, reaction_s):
    way = stopping_distance(speed, deceleration, reaction_s)
    assert stopping_speed(way, deceleration, reaction_s) == pytest.approx(speed, abs=1e-6)


def test_speed_stops_within_reaction_and_braking_distance():
    assert stopping_speed(0.5 * 0.1 + 0.25 / 2.0, 1.0, 0.1) == pytest.approx(0.5)
    assert stopping_speed(0.0, 1.0, 0.1) == stopping_speed(-1.0, 1.0, 0.1) == 0.0
    assert stopping_speed(math.inf, 1.0, 0.0) == math.inf


@given(st.floats(0.0, 5.0), st.floats(1e-6, 0.1))
def test_speed_never_falls_with_distance_and_never_jumps(distance, more):
    slow, fast = (stopping_speed(d, 1.0, 0.1) for d in (distance, distance + more))
    assert 0.0 <= fast - slow <= 10.0 * more + 1e-12  # 1 / reaction time


def test_drift_of_a_quarter_turn_on_an_arc():
    drift = STILL
    for _ in range(100):
        drift = drift.moved(Velocity(linear_x=1.0, angular_z=1.0), math.pi / 200)
    assert drift == pytest.approx((1.0, 1.0, math.pi / 2), abs=1e-4)


def test_points_are_seen_from_the_moved_robot_along_its_motion():
    points = np.array([[1.0, 2.0]])
    assert in_motion_frame(points, STILL, math.pi)[0] == pytest.approx((-1.0, -2.0))
    moved = Drift(1.0, 1.0, math.pi / 2)
    assert in_motion_frame(points, moved, 0.0)[0] == pytest.approx((1.0, 0.0))
