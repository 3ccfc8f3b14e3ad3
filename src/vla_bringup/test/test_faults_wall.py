# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import pytest

from vla_bringup.faults.wall import faces_wall, towards_wall
from vla_sim.geometry import Pose
from vla_sim.room import generate_room


def place(room, x, y, yaw):
    return dataclasses.replace(room, start=Pose(x, y, yaw))


@pytest.fixture
def room():
    """A room with one thing two metres ahead of its middle."""
    room = generate_room(1)
    thing = dataclasses.replace(room.objects[0], x=2.0, y=0.0)
    return dataclasses.replace(room, objects=(thing,), start=Pose(0.0, 0.0, 0.0))


def test_thing_on_the_way_is_no_wall(room):
    assert not faces_wall(room)
    assert not faces_wall(place(room, 0.0, 0.4, 0.0))


def test_free_way_leads_to_the_wall(room):
    assert faces_wall(place(room, 0.0, 0.0, math.pi / 2))
    assert faces_wall(place(room, 0.0, 1.0, 0.0))
    assert faces_wall(place(room, 0.0, 0.0, math.pi))


def test_way_that_is_too_short_does_not_count(room):
    assert not faces_wall(place(room, 0.0, room.depth / 2 - 0.5, math.pi / 2))


def test_robot_turns_until_the_way_is_free(room):
    pose = towards_wall(room)
    assert (pose.x, pose.y) == (0.0, 0.0)
    assert faces_wall(place(room, pose.x, pose.y, pose.yaw))


@pytest.mark.parametrize("seed", range(20))
def test_every_room_has_a_way_to_a_wall(seed):
    towards_wall(generate_room(seed, "test"))
