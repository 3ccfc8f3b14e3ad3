# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.room import Solid, generate_room
from vla_sim.simulation import Simulation
from vla_sim.visibility import cells_of, floor_at, in_sight, seen_at

ORIGIN = Pose(0.0, 0.0, 0.0)
BALL = Solid("red", "ball", 2.0, 0.0, 0.2, 0.4, 0.0, (0.9, 0.0, 0.0))


@pytest.fixture
def room():
    """An empty room of 6 m by 6 m with one red ball, two metres ahead of the robot."""
    return dataclasses.replace(
        generate_room(0), width=6.0, depth=6.0, objects=(BALL,), start=ORIGIN, pictures=()
    )


def test_the_named_thing_is_seen_where_the_camera_draws_it(room):
    simulation = Simulation(room)
    try:
        simulation.teleport(Pose(0.4, 0.5, 0.2))
        image = simulation.render().astype(int)
        pixel = seen_at(simulation.pose, room.objects[0], room)
    finally:
        simulation.close()
    red = (image[..., 0] > 60) & (image[..., 0] > 3 * image[..., 1])
    rows, columns = np.nonzero(red)
    assert pixel == pytest.approx((columns.mean(), rows.mean()), abs=8)


def test_what_is_behind_or_beside_is_not_in_view(room):
    ball = room.objects[0]
    assert seen_at(Pose(0, 0, 3.0), ball, room) is None
    assert seen_at(Pose(0, 0, 1.2), ball, room) is None
    assert seen_at(ORIGIN, ball, room) is not None


def test_what_stands_behind_something_tall_is_not_in_view(room):
    near = Solid("blue", "box", 0.9, 0.0, 0.35, 0.78, 0.0, (0, 0, 1))
    hidden = dataclasses.replace(room, objects=(room.objects[0], near))
    assert seen_at(ORIGIN, room.objects[0], hidden) is None


@pytest.mark.parametrize(
    ("pixel", "cell"),
    [
        ((0, 0), 0),
        ((319, 0), 15),
        ((0, 239), 176),
        ((319, 239), 191),
        ((320, 240), 191),
        ((np.nan, np.nan), 192),
    ],
)
def test_cells_are_counted_row_by_row_and_nowhere_comes_last(pixel, cell):
    assert cells_of(np.array([pixel]), (12, 16)).tolist() == [cell]


def test_a_place_on_the_floor_is_seen_further_down_the_nearer_it_is():
    near, far = floor_at(ORIGIN, (1.0, 0.0)), floor_at(ORIGIN, (3.0, 0.0))
    assert near[1] > far[1] + 40
    assert near[0] == pytest.approx(far[0])
    assert floor_at(ORIGIN, (-1.0, 0.0)) is None


def test_an_empty_place_is_in_sight_unless_something_stands_before_it(room):
    assert in_sight(ORIGIN, (1.5, 0.6), room)
    assert in_sight(ORIGIN, (2.0, 0.0), room)
    assert not in_sight(ORIGIN, (-1.5, 0.6), room)
    wall = Solid("blue", "box", 0.9, 0.4, 0.35, 0.78, 0.0, (0, 0, 1))
    hidden = dataclasses.replace(room, objects=(BALL, wall))
    assert not in_sight(ORIGIN, (1.9, 0.8), hidden)
