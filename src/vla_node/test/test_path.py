# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from vla_node.path import integrate


def test_straight_chunk_is_a_straight_line_from_the_robot(make_chunk):
    poses = integrate(make_chunk(actions=np.tile([0.5, 0.0], (8, 1))))
    assert poses.shape == (9, 3)
    assert poses[0] == pytest.approx([0.0, 0.0, 0.0])
    assert poses[-1] == pytest.approx([0.4, 0.0, 0.0])


def test_arc_ends_where_the_circle_says(make_chunk):
    speed, turn = 0.5, 1.0
    x, y, yaw = integrate(make_chunk(actions=np.tile([speed, turn], (8, 1))))[-1]
    radius = speed / turn
    assert yaw == pytest.approx(0.8)
    assert x == pytest.approx(radius * math.sin(0.8), abs=1e-3)
    assert y == pytest.approx(radius * (1 - math.cos(0.8)), abs=1e-3)


def test_steps_that_are_over_are_left_out(make_chunk):
    assert integrate(make_chunk(), first_step=6).shape == (3, 3)
    assert integrate(make_chunk(), first_step=8).shape == (1, 3)
