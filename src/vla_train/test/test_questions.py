# SPDX-License-Identifier: Apache-2.0
"""Questions have the answers that the room gives, and ask of nothing that is in doubt."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.room import COLOURS, SHAPES, generate_room
from vla_train.lesson import View
from vla_train.mirror import mirrored_sentence
from vla_train.questions import FORMS, ask, question_texts


def solid(colour, shape, x, y):
    some = generate_room(0).objects[0]
    return dataclasses.replace(some, colour=colour, shape=shape, x=x, y=y, radius=0.2)


def view_of(*solids):
    """A robot at the origin that looks along x, y to its left."""
    room = dataclasses.replace(generate_room(0), width=8.0, depth=8.0, objects=solids)
    return View(room, Pose(0.0, 0.0, 0.0))


def answers(view, form, rounds=60, validation=False):
    """What is asked in that form and answered, over many draws."""
    rng = np.random.default_rng(0)
    asked = [each for _ in range(rounds) for each in ask(view, rng, len(FORMS), validation)]
    return {each.question: each.answer for each in asked if each.form == form}


SCENE = view_of(
    solid("red", "ball", 2.0, 1.0),
    solid("blue", "box", 3.0, 0.0),
    solid("green", "cone", 1.6, -0.9),
    solid("red", "cylinder", 3.2, 1.6),
)


def told(found, *words):
    """Answers to those questions that hold all words."""
    return {
        answer
        for question, answer in found.items()
        if all(word in question.split() for word in words)
    }


def test_the_outermost_things_are_told_by_colour_and_shape():
    # Of the two on the left, the cylinder is at 0.46 rad and the ball at 0.46 rad: too near.
    assert told(answers(SCENE, "colour_at"), "left") == set()
    assert told(answers(SCENE, "colour_at"), "right") == {"green"}
    assert told(answers(SCENE, "shape_at"), "right") == {"cone"}


def test_what_is_there_is_there_and_what_is_not_is_not():
    found = answers(SCENE, "is_there")
    for colour in COLOURS:
        for shape in SHAPES:
            there = SCENE.room.find(colour, shape) is not None
            assert told(found, colour, shape) <= {"yes" if there else "no"}
    assert {"yes", "no"} <= set(found.values())


def test_things_are_counted():
    found = answers(SCENE, "count")
    assert told(found, "balls") == {"one"}
    assert told(found, "boxes") == {"one"}
    assert told(answers(view_of(solid("red", "box", 2, 0.0)), "count"), "cones") == {"none"}
    two = view_of(solid("red", "ball", 2.0, 0.8), solid("blue", "ball", 2.0, -0.8))
    assert told(answers(two, "count"), "balls") == {"two"}


def test_sides_are_those_of_the_image():
    found = answers(SCENE, "where")
    assert told(found, "box") == {"middle"}
    assert told(found, "cone") == {"right"}
    assert told(found, "ball") == {"left"}


def test_the_nearest_thing_is_known_by_its_distance():
    assert set(answers(SCENE, "nearest_colour").values()) == {"green"}
    assert set(answers(SCENE, "nearest_shape").values()) == {"cone"}


def test_only_what_is_alone_of_its_kind_is_asked_about():
    colours, shapes = answers(SCENE, "colour_of"), answers(SCENE, "shape_of")
    assert told(colours, "box") == {"blue"}
    assert told(shapes, "green") == {"cone"}
    assert told(shapes, "red") == set()  # there are two red things


def test_left_is_where_the_image_has_it():
    found = answers(SCENE, "left_of", rounds=200)
    assert {
        answer for question, answer in found.items() if "ball" in question.split("left")[0]
    } <= {"yes"}
    assert told({q: a for q, a in found.items() if q.startswith("is the green")}) <= {"no"}


def test_a_distractor_is_no_answer_but_may_be_in_the_way_of_one():
    view = view_of(solid("red", "ball", 2.0, 0.0), solid("red", "stool", 1.0, 0.7))
    assert answers(view, "shape_of") == {}  # two red things
    assert answers(view, "nearest_shape") == {}  # the stool is
    assert told(answers(view, "colour_at"), "left") == set()
    assert told(answers(view, "colour_at"), "right") == {"red"}


def test_what_may_reach_into_the_view_is_in_doubt():
    # Just outside of the image on the left: 0.95 rad, where the camera sees 0.82.
    view = view_of(solid("red", "ball", 2.0, 0.0), solid("blue", "box", 1.2, 1.68))
    assert answers(view, "nearest_colour") == {}
    assert answers(view, "colour_at") == {}
    assert told(answers(view, "is_there"), "blue", "box") == set()
    assert told(answers(view, "count"), "boxes") == set()
    assert told(answers(view, "count"), "balls") == {"one"}


def test_of_an_empty_view_only_absence_is_asked():
    behind = view_of(solid("red", "ball", -2.0, 0.0))
    rng = np.random.default_rng(0)
    asked = [each for _ in range(50) for each in ask(behind, rng, len(FORMS))]
    assert {each.form for each in asked} == {"is_there", "count"}
    assert {each.answer for each in asked} == {"no", "none"}


def test_as_many_are_asked_as_are_wanted_each_of_another_form():
    rng = np.random.default_rng(1)
    for count in (0, 1, 3):
        asked = ask(SCENE, rng, count)
        assert len(asked) == count
        assert len({each.form for each in asked}) == count


def test_the_last_wording_of_each_form_is_for_validation_alone():
    for form, wordings in FORMS.items():
        held_out = wordings[-1].split("{")[0]
        assert not any(question.startswith(held_out) for question in answers(SCENE, form))
        kept = answers(SCENE, form, validation=True)
        assert all(question.startswith(held_out) for question in kept)


def test_the_same_rng_asks_the_same():
    first, second = (ask(SCENE, np.random.default_rng(7), 5) for _ in range(2))
    assert first == second


def test_a_mirrored_question_has_the_answer_of_the_mirrored_view():
    for each in SCENE.room.objects:
        assert mirrored_sentence(each.name) == each.name
    mirrored = view_of(*(dataclasses.replace(each, y=-each.y) for each in SCENE.room.objects))
    for form in FORMS:
        there = answers(mirrored, form, rounds=300)
        for question, answer in answers(SCENE, form).items():
            other = mirrored_sentence(question)
            if other in there:
                assert there[other] == mirrored_sentence(answer)


def test_every_word_of_training_is_among_the_texts():
    words = {word for text in question_texts() for word in text.split()}
    rng, heard = np.random.default_rng(0), Counter()
    for seed in range(30):
        room = generate_room(seed, "train")
        for each in ask(View(room, room.start), rng, len(FORMS)):
            heard.update(f"{each.question} {each.answer}".split())
    assert set(heard) <= words
    assert len(heard) > 40


@pytest.mark.parametrize("seed", range(3))
def test_rooms_of_training_give_questions(seed):
    room = generate_room(seed, "train")
    assert ask(View(room, room.start), np.random.default_rng(seed), 3)
