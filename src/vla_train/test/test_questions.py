# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from vla_sim.geometry import Pose
from vla_sim.room import generate_room
from vla_train.glance import draw_glance
from vla_train.lesson import View
from vla_train.questions import FORMS, Question, ask, question_texts

EVERY = len(FORMS)


def views(count):
    rng = np.random.default_rng(0)
    for number in range(count):
        room = generate_room(number, "train")
        yield View(room, draw_glance(rng, room))


def in_mirror(view):
    turned = (dataclasses.replace(s, y=-s.y, yaw=-s.yaw) for s in view.room.objects)
    room = dataclasses.replace(view.room, objects=tuple(turned))
    return View(room, Pose(view.pose.x, -view.pose.y, -view.pose.yaw), view.camera)


def truths(view, draws=1200):
    """All that can be asked of a view, and what is right."""
    rng = np.random.default_rng(1)
    drawn = (each for _ in range(draws) for each in ask(view, rng, EVERY))
    return {each.question: each.answer for each in drawn}


def as_asked(question):
    """In the words of `FORMS`, of what is only said in a mirror: who is left of whom."""
    if question.form != "left_of":
        return question.question
    words = question.question.replace("right of", "left of").split()
    one = words.index("the")
    other = len(words) - 2
    words[one + 1 : one + 3], words[other:] = words[other:], words[one + 1 : one + 3]
    return " ".join(words)


def test_the_mirror_image_has_the_mirrored_question_and_answer():
    """A question is right in the mirror if somebody who looks at the mirrored room says so."""
    checked = dict.fromkeys(FORMS, 0)
    for view in views(8):
        right = truths(in_mirror(view))
        rng = np.random.default_rng(2)
        for question in (each for _ in range(8) for each in ask(view, rng, EVERY)):
            turned = question.mirrored
            assert right[as_asked(turned)] == turned.answer, question
            checked[question.form] += 1
    assert min(checked.values()) > 0


@pytest.mark.parametrize(
    ("said", "mirrored"),
    [
        (
            Question("which colour is the left thing", "red"),
            Question("which colour is the right thing", "red"),
        ),
        (Question("where is the red box", "right"), Question("where is the red box", "left")),
        (Question("where is the red box", "middle"), Question("where is the red box", "middle")),
        (
            Question("is the red box left of the blue ball", "no"),
            Question("is the red box right of the blue ball", "no"),
        ),
        (Question("count the boxes", "two"), Question("count the boxes", "two")),
    ],
)
def test_a_mirror_swaps_sides_in_what_is_asked_and_answered(said, mirrored):
    assert said.mirrored == mirrored
    assert mirrored.mirrored == said


def test_as_many_are_asked_as_are_wanted_in_the_words_of_training():
    known = set(question_texts())
    for view in views(5):
        asked = ask(view, np.random.default_rng(0), 2)
        assert len({each.form for each in asked}) == 2
        assert {each.question for each in asked} <= known


def test_the_same_stream_asks_the_same():
    view = next(views(1))
    one, other = (ask(view, np.random.default_rng(7), 3) for _ in range(2))
    assert one == other
