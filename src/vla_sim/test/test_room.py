# SPDX-License-Identifier: Apache-2.0
import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_sim.errors import RoomError
from vla_sim.room import (
    CLEARANCE_CROWDED,
    CLEARANCE_START,
    SHAPES,
    SPLITS,
    Room,
    generate_room,
)
from vla_sim.splits import held_out_side, train_side

seeds = st.integers(0, 10**6)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_room_is_the_same_for_the_same_seed(seed):
    assert generate_room(seed, "seen") == generate_room(seed, "seen")


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_room_holds_three_to_six_things_and_no_two_solids_are_alike(seed):
    room = generate_room(seed, "train")
    assert 3 <= len(room.things) <= 6
    names = [solid.name for solid in room.objects]
    assert len(set(names)) == len(names)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_robot_fits_between_any_two_solids_and_starts_free(seed):
    room = generate_room(seed, "train")
    for a, b in itertools.combinations(room.objects, 2):
        assert math.hypot(a.x - b.x, a.y - b.y) >= CLEARANCE_CROWDED
    assert room.clearance(room.start.x, room.start.y) >= CLEARANCE_START


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_room_survives_json(seed):
    room = generate_room(seed, "demo")
    assert Room.from_dict(json.loads(json.dumps(room.to_dict()))) == room


def test_no_room_of_one_split_is_a_room_of_another():
    def layouts(split):
        return {generate_room(seed, split).objects for seed in range(30)}

    for one, other in itertools.combinations(SPLITS, 2):
        assert layouts(one).isdisjoint(layouts(other))


def test_all_colours_and_shapes_appear():
    rooms = [generate_room(seed, "train") for seed in range(60)]
    assert len({solid.colour for room in rooms for solid in room.things}) == 6
    assert {solid.shape for room in rooms for solid in room.things} == set(SHAPES)


@pytest.mark.parametrize("split", ["train", "validation", "demo", "seen"])
def test_rooms_for_training_hold_nothing_that_is_held_out(split):
    side = held_out_side()
    for seed in range(60):
        room = generate_room(seed, split)
        assert not {(s.colour, s.shape) for s in room.objects} & set(side.pairs)
        assert not {s.shape for s in room.objects} & set(side.distractor_shapes)
        assert room.floor.pattern not in side.floors
        assert room.wall.pattern not in side.walls
        assert not {p.look.pattern for p in room.pictures} & set(side.pictures)


def test_each_split_shows_what_it_is_for():
    train, held_out = train_side(), held_out_side()
    for seed in range(40):
        unseen = generate_room(seed, "unseen")
        assert any((s.colour, s.shape) in held_out.pairs for s in unseen.things)
        crowded = generate_room(seed, "distractors")
        assert 8 <= len(crowded.objects) <= 12
        assert {s.shape for s in crowded.objects} & set(held_out.distractor_shapes)
        assert {(s.colour, s.shape) for s in crowded.things} <= set(train.pairs)
        strange = generate_room(seed, "backgrounds")
        assert strange.floor.pattern in held_out.floors
        assert strange.wall.pattern in held_out.walls


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
