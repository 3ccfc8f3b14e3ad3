# SPDX-License-Identifier: Apache-2.0
import itertools

import pytest

from vla_sim.errors import SplitError
from vla_sim.room import COLOURS, SHAPES
from vla_sim.shapes import SHAPE_PARTS
from vla_sim.splits import FAMILIES, KINDS, held_out_side, read_wordings, train_side
from vla_sim.texture import PATTERNS

SIDES = [train_side(), held_out_side()]


@pytest.mark.parametrize("side", SIDES)
def test_every_kind_has_at_least_twelve_sentences(side):
    assert set(side.wordings) == set(KINDS)
    for sentences in side.wordings.values():
        assert len(set(sentences)) >= 12


def test_nothing_is_on_both_sides():
    train, held_out = SIDES
    for kind in KINDS:
        assert set(train.wordings[kind]).isdisjoint(held_out.wordings[kind])
    assert set(train.pairs).isdisjoint(held_out.pairs)
    assert set(train.distractor_shapes).isdisjoint(held_out.distractor_shapes)
    assert set(train.floors).isdisjoint(held_out.floors)
    assert set(train.walls).isdisjoint(held_out.walls)
    assert set(train.pictures).isdisjoint(held_out.pictures)
    assert set(train.lights).isdisjoint(held_out.lights)
    words = [{w for ws in side.turns.values() for w in ws} for side in SIDES]
    assert words[0].isdisjoint(words[1])


def test_every_pair_is_on_one_side_and_each_colour_and_shape_is_trained():
    train, held_out = SIDES
    assert set(train.pairs) | set(held_out.pairs) == set(itertools.product(COLOURS, SHAPES))
    assert {colour for colour, _ in train.pairs} == set(COLOURS)
    assert {shape for _, shape in train.pairs} == set(SHAPES)


@pytest.mark.parametrize("side", SIDES)
def test_what_the_files_name_can_be_drawn(side):
    assert set(side.distractor_shapes) <= set(SHAPE_PARTS)
    assert {*side.floors, *side.walls, *side.pictures} <= set(PATTERNS)


def test_families_are_those_of_the_kinds():
    assert FAMILIES == ("go_to", "relation", "move", "follow", "stop", "sequence")


def test_a_users_sentences_are_read(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("go_to: ['scoot to the {thing}']\nturn_left: [left now, 'left {amount}']\n")
    assert read_wordings(path)["go_to"] == ("scoot to the {thing}",)
    path.write_text("wordings:\n  stop: [whoa]\n")
    assert read_wordings(path) == {"stop": ("whoa",)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read"),
        ("[1]", "lists of sentences by kind"),
        ("fly: [up]", "unknown kind 'fly'"),
        ("go_to: [go to it]", "must hold {thing}"),
        ("go_to: ['go to the {place}']", "must hold {thing}"),
        ("stop: ['stop {amount}']", "must hold no slot"),
        ("stop: []", "at least one sentence"),
        ("stop: [3]", "must be a text"),
    ],
)
def test_nonsense_is_refused_with_its_file(tmp_path, text, why):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(SplitError, match=why) as refusal:
        read_wordings(path)
    assert str(path) in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SplitError, match="cannot be read"):
        read_wordings(tmp_path / "nothing.yaml")
