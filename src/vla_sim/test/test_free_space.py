# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from vla_sim.free_space import free_ranges
from vla_sim.geometry import Pose
from vla_sim.robot import LIDAR
from vla_sim.room import Solid, generate_room
from vla_sim.simulation import Simulation

AHEAD_AND_ASIDE = np.array([-math.pi / 2, 0.0, math.pi / 2], dtype=np.float32)
BALL = Solid("red", "ball", 2.0, 0.0, 0.2, 0.4, 0.0, (0.9, 0.0, 0.0))


@pytest.fixture
def room():
    """A room of 6 m by 4 m with a ball two metres ahead of its middle."""
    return dataclasses.replace(
        generate_room(0), width=6.0, depth=4.0, objects=(BALL,), start=Pose(0, 0, 0), pictures=()
    )


def test_walls_and_solids_are_as_far_off_as_they_stand(room):
    # A bearing tells of the nearest within half the gap to the next: here of all that is there.
    fine = np.linspace(-0.02, 0.02, 5, dtype=np.float32)
    assert free_ranges(room, Pose(0, 0, 0), fine)[2] == pytest.approx(1.8, abs=1e-3)
    assert free_ranges(room, Pose(0, 0, math.pi / 2), fine)[2] == pytest.approx(2.0, abs=1e-3)
    assert free_ranges(room, Pose(0.5, 0, math.pi), fine)[2] == pytest.approx(3.5, abs=1e-3)


def test_what_is_left_is_on_the_left(room):
    right, _, left = free_ranges(room, Pose(2.0, -1.0, 0.0), AHEAD_AND_ASIDE)
    assert left == pytest.approx(0.8, abs=1e-3)
    assert right == pytest.approx(1.0, abs=1e-3)


def test_what_is_touched_is_no_way_off(room):
    ranges = free_ranges(room, Pose(1.9, 0.0, 0.0), AHEAD_AND_ASIDE)
    assert (ranges >= 0.0).all()
    assert ranges.min() == pytest.approx(0.0, abs=0.3)


def test_the_scanner_of_the_simulation_says_the_same():
    room = generate_room(3)
    upright = tuple(s for s in room.objects if s.shape == "cylinder" and s.height > 0.3)
    room = dataclasses.replace(room, objects=upright)
    bearings = LIDAR.angle_min + LIDAR.angle_increment * np.arange(LIDAR.rays)
    simulation = Simulation(room, render=False)
    try:
        scanned = simulation.scan()
        told = free_ranges(room, simulation.pose, bearings.astype(np.float32))
    finally:
        simulation.close()
    off = np.abs(np.log(told / scanned))
    assert np.median(off) < 0.02
    assert (off < 0.1).mean() > 0.95  # but for edges, which half a degree passes or meets
