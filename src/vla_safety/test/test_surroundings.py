# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from vla_safety.scan import Scan
from vla_safety.surroundings import Surroundings
from vla_safety.velocity import ZERO, Velocity

SECOND = 1_000_000_000
VALUES = {"scan.x": 0.0, "scan.yaw": 0.0, "scan.timeout": 0.5}


def seen(points=(), bearings=(), delay_ns=0, **values):
    points = np.array(points, dtype=float).reshape(-1, 2)
    scan = Scan(points, SECOND, delay_ns, np.array(bearings, dtype=float))
    return Surroundings(scan, VALUES | {k.replace("__", "."): v for k, v in values.items()})


def test_points_come_nearer_while_the_robot_drives_on():
    surroundings = seen([(1.0, 0.0)])
    surroundings.follow(Velocity(linear_x=0.5), SECOND + SECOND // 10)
    assert surroundings.towards(0.0)[0] == pytest.approx((0.95, 0.0))
    assert surroundings.towards(math.pi)[0] == pytest.approx((-0.95, 0.0))


def test_age_of_a_scan_counts_from_its_measurement_but_not_beyond_the_timeout():
    for delay_s, left in ((0.2, 0.9), (3600.0, 0.75)):
        surroundings = seen([(1.0, 0.0)], delay_ns=round(delay_s * SECOND))
        surroundings.follow(Velocity(linear_x=0.5), SECOND)
        assert surroundings.towards(0.0)[0, 0] == pytest.approx(left)


def test_scanner_is_silent_after_its_timeout_and_back_with_the_next_scan():
    surroundings = seen()
    surroundings.follow(ZERO, SECOND + SECOND // 2)
    assert not surroundings.silent
    surroundings.follow(ZERO, SECOND + SECOND // 2 + 1)
    assert surroundings.silent
    surroundings.take(Scan(np.empty((0, 2)), 2 * SECOND))
    assert not surroundings.silent


def test_place_and_direction_of_the_scanner():
    surroundings = seen([(1.0, 0.0)], scan__x=0.1, scan__yaw=math.pi / 2)
    assert surroundings.towards(0.0)[0] == pytest.approx((0.1, 1.0))


ALL_ROUND = np.linspace(-math.pi, math.pi, 181)
FRONT = np.linspace(-1.5, 1.5, 181)


@pytest.mark.parametrize("direction", [0.0, math.pi, -math.pi, 2.0])
def test_scanner_that_looks_all_round_sees_everywhere(direction):
    assert seen(bearings=ALL_ROUND).sees(direction, 0.5)


def test_scanner_that_looks_ahead_does_not_see_behind():
    surroundings = seen(bearings=FRONT)
    assert surroundings.sees(0.0, 0.5)
    assert surroundings.sees(1.0, 0.49)
    assert not surroundings.sees(1.2, 0.5)
    assert not surroundings.sees(math.pi, 0.1)


def test_hole_between_the_rays_is_not_seen():
    holed = ALL_ROUND[np.abs(ALL_ROUND - 0.3) > 0.06]
    assert not seen(bearings=holed).sees(0.0, 0.5)
    assert seen(bearings=holed).sees(-1.0, 0.5)
    assert not seen().sees(0.0, 0.1)


def test_turn_of_the_robot_turns_what_is_seen():
    surroundings = seen(bearings=FRONT)
    surroundings.follow(Velocity(angular_z=math.pi), 2 * SECOND)
    assert not surroundings.sees(0.0, 0.5)
    assert surroundings.sees(math.pi, 0.5)


def test_no_point_is_nearer_than_the_nearest_whatever_was_driven():
    surroundings = seen([(1.0, 0.5), (-2.0, 0.0)])
    for tick in range(1, 50):
        surroundings.follow(Velocity(linear_x=0.5, angular_z=1.0), SECOND + tick * SECOND // 50)
        away = np.hypot(*surroundings.towards(0.0).T)
        assert surroundings.nearest_m <= away.min() + 1e-9
    assert seen().nearest_m == math.inf
