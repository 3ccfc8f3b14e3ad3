# SPDX-License-Identifier: Apache-2.0
import pytest

from vla_safety.trail import Trail
from vla_safety.velocity import ZERO, Velocity

FORWARD = Velocity(linear_x=0.5, angular_z=0.25)


def test_standing_still_leaves_no_trace():
    trail = Trail()
    trail.add(ZERO, 0.02)
    trail.add(Velocity(linear_x=1e-17), 0.02)
    assert trail.last() is None


def test_newest_piece_is_the_first_way_back():
    trail = Trail()
    trail.add(Velocity(linear_x=1.0), 0.1)
    trail.add(FORWARD, 0.1)
    assert trail.last() == pytest.approx((0.05, 0.025))


def test_way_back_is_dropped_piece_by_piece_and_in_parts():
    trail = Trail()
    trail.add(Velocity(linear_x=1.0), 0.1)
    trail.add(FORWARD, 0.1)
    trail.drop(0.02)
    assert trail.last() == pytest.approx((0.03, 0.015))
    trail.drop(0.05)
    assert trail.last() == pytest.approx((0.08, 0.0))
    trail.drop(1.0)
    assert trail.last() is None


def test_turn_on_the_spot_is_not_dropped():
    trail = Trail()
    trail.add(Velocity(angular_z=1.0), 0.1)
    trail.add(FORWARD, 0.1)
    trail.drop(1.0)
    assert trail.last().on_the_spot


def test_oldest_pieces_are_forgotten():
    trail = Trail()
    for _ in range(3000):
        trail.add(FORWARD, 0.02)
    trail.drop(0.01 * 1999.5)
    assert trail.last() is not None
    trail.drop(0.01)
    assert trail.last() is None
