# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.pose import PoseTracker

coordinate = st.floats(-10, 10)
angle = st.floats(-math.pi, math.pi)


def test_driving_ahead_counts_forward_whatever_the_heading_in_odometry():
    tracker = PoseTracker()
    tracker.observe(2.0, 1.0, math.pi / 2)
    tracker.observe(2.0, 1.5, math.pi / 2)
    assert tracker.state() == pytest.approx([0.5, 0.0, 0.0], abs=1e-6)


def test_heading_goes_on_beyond_half_a_turn():
    tracker = PoseTracker()
    for step in range(1, 101):
        yaw = math.remainder(step * 0.1, math.tau)
        tracker.observe(0.0, 0.0, yaw)
    assert tracker.state()[2] == pytest.approx(9.9, abs=1e-4)


def test_restart_makes_here_the_origin():
    tracker = PoseTracker()
    tracker.observe(0.0, 0.0, 0.0)
    tracker.observe(1.0, 1.0, 1.0)
    tracker.restart()
    assert tracker.state() == pytest.approx([0.0, 0.0, 0.0])
    tracker.observe(1.0 + math.cos(1.0), 1.0 + math.sin(1.0), 1.0)
    assert tracker.state() == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


@given(coordinate, coordinate, angle, st.floats(-1, 1), st.floats(-2, 2))
def test_odometry_and_dead_reckoning_agree(x, y, yaw, linear, angular):
    by_odometry, by_reckoning = PoseTracker(), PoseTracker()
    by_odometry.observe(x, y, yaw)
    for _ in range(20):
        by_reckoning.advance(linear, angular, 0.05)
        middle = yaw + 0.5 * angular * 0.05
        x += linear * math.cos(middle) * 0.05
        y += linear * math.sin(middle) * 0.05
        yaw += angular * 0.05
        by_odometry.observe(x, y, math.remainder(yaw, math.tau))
    assert by_odometry.state() == pytest.approx(by_reckoning.state(), abs=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_odometry_that_is_not_finite_is_refused_and_nothing_moves(bad):
    tracker = PoseTracker()
    tracker.observe(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="finite"):
        tracker.observe(bad, 0.0, 0.0)
    assert tracker.state() == pytest.approx([0.0, 0.0, 0.0])
