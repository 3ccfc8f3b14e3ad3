# SPDX-License-Identifier: Apache-2.0
import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_sim.errors import RoomError
from vla_sim.room import CLEARANCE_BETWEEN, CLEARANCE_START, Room, generate_room

seeds = st.integers(0, 10**6)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_room_is_the_same_for_the_same_seed(seed):
    assert generate_room(seed, "test") == generate_room(seed, "test")


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_room_holds_three_to_six_solids_no_two_alike(seed):
    names = [solid.name for solid in generate_room(seed, "train").objects]
    assert 3 <= len(names) <= 6
    assert len(set(names)) == len(names)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_robot_fits_between_any_two_solids_and_starts_free(seed):
    room = generate_room(seed, "train")
    for a, b in itertools.combinations(room.objects, 2):
        assert math.hypot(a.x - b.x, a.y - b.y) >= CLEARANCE_BETWEEN
    assert room.clearance(room.start.x, room.start.y) >= CLEARANCE_START


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_room_survives_json(seed):
    room = generate_room(seed, "demo")
    assert Room.from_dict(json.loads(json.dumps(room.to_dict()))) == room


def test_no_room_of_one_split_is_a_room_of_another():
    def layouts(split):
        return {generate_room(seed, split).objects for seed in range(30)}

    assert layouts("train").isdisjoint(layouts("demo") | layouts("test") | layouts("validation"))


def test_all_colours_and_shapes_appear():
    rooms = [generate_room(seed, "train") for seed in range(60)]
    assert len({solid.colour for room in rooms for solid in room.objects}) >= 6
    assert {solid.shape for room in rooms for solid in room.objects} == {
        "box",
        "ball",
        "cylinder",
        "cone",
    }


@pytest.mark.parametrize(
    ("seed", "split", "sentence"),
    [(1, "holiday", "unknown split 'holiday'"), (-1, "demo", "seed must be >= 0")],
)
def test_nonsense_is_refused(seed, split, sentence):
    with pytest.raises(RoomError, match=sentence):
        generate_room(seed, split)


@pytest.mark.parametrize("change", [{"objects": [{}]}, {"light": 3}, {"colour": "red"}])
def test_a_text_that_is_no_room_is_refused(change):
    values = {**generate_room(0).to_dict(), **change}
    with pytest.raises(RoomError, match="not the description of a room"):
        Room.from_dict(values)
