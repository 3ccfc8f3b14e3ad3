# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.room import Solid
from vla_sim.simulation import Simulation
from vla_sim.visibility import cell_of, seen_at

ORIGIN = Pose(0.0, 0.0, 0.0)


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
    [((0, 0), 0), ((319, 0), 15), ((0, 239), 176), ((319, 239), 191), (None, 192)],
)
def test_cells_are_counted_row_by_row_and_nowhere_comes_last(pixel, cell):
    assert cell_of(pixel, (12, 16)) == cell
