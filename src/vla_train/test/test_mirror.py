# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest
import torch

from vla_policy.action import ActionSpec
from vla_policy.memory import MEMORY_DIM, SEEN
from vla_policy.pose import STATE_DIM
from vla_sim.geometry import Pose
from vla_sim.phrasebook import Phrasebook
from vla_sim.room import Solid
from vla_sim.splits import train_side
from vla_sim.task import parse_task
from vla_train.config import DatasetSource
from vla_train.dataset import FrameDataset
from vla_train.errors import TrainError
from vla_train.lesson import View, teach
from vla_train.mirror import mirror_signs, mirrored_cells, mirrored_sentence
from vla_train.sentences import Sentences

HERE = np.zeros(STATE_DIM, np.float32)
NOTHING = np.zeros(MEMORY_DIM, np.float32)


@pytest.mark.parametrize(
    ("said", "mirrored"),
    [
        ("go to the box left of the ball", "go to the box right of the ball"),
        ("turn left through a right angle", "turn right through a right angle"),
        ("turn clockwise a bit", "turn counterclockwise a bit"),
        ("turn anticlockwise", "turn clockwise"),
        ("go right up to the cone", "go right up to the cone"),
        ("stop right now", "stop right now"),
        ("turn right round", "turn right round"),
    ],
)
def test_a_sentence_names_the_other_side(said, mirrored):
    assert mirrored_sentence(said) == mirrored


def test_every_wording_means_its_counterpart_in_the_mirror():
    wordings = Phrasebook.of(train_side()).wordings
    for kind, other in (("turn_left", "turn_right"), ("left_of", "right_of")):
        for a, b in ((kind, other), (other, kind)):
            turned = {mirrored_sentence(text) for text in wordings[a]}
            assert all(_side(text) == _side(wordings[b][0]) for text in turned), a
    for kind in set(wordings) - {"turn_left", "turn_right", "left_of", "right_of"}:
        assert all(mirrored_sentence(text) == text for text in wordings[kind]), kind


def _side(text):
    left = "left" in text or "counterclockwise" in text or "anticlockwise" in text
    return "left" if left else "right"


def mirrored(room):
    return dataclasses.replace(
        room, objects=tuple(dataclasses.replace(s, y=-s.y, yaw=-s.yaw) for s in room.objects)
    )


def test_the_expert_does_the_mirrored_thing_in_the_mirrored_room(room, spec):
    cone = Solid("blue", "cone", 1.2, 0.15, 0.2, 0.4, 0.0, (0.0, 0.0, 0.9))
    room = dataclasses.replace(room, objects=(*room.objects, cone))
    task = parse_task("go to the red ball", room)
    signs = mirror_signs(spec)
    for y, yaw in ((0.0, 0.0), (0.7, -0.3), (-1.0, 0.5)):
        plain = teach(View(room, Pose(0.0, y, yaw)), task, 0, HERE, NOTHING, spec)
        turned = teach(View(mirrored(room), Pose(0.0, -y, -yaw)), task, 0, HERE, NOTHING, spec)
        assert plain.mirrors
        assert plain.sight.mode == SEEN
        assert turned.actions == pytest.approx(plain.actions * signs["actions"], abs=1e-6)
        assert turned.sight.spot == pytest.approx(plain.sight.spot * signs["spots"], abs=1e-6)
        assert turned.pixel[0] == pytest.approx(320 - plain.pixel[0], abs=1.0)


@pytest.mark.parametrize(
    ("sentence", "yaw", "mirrors"),
    [
        ("turn left", 0.0, True),
        ("turn around", 0.0, False),
        ("go forward", 0.0, True),
        ("stop", 0.0, True),
        ("go to the red ball", 0.0, True),
        ("go to the red ball", math.pi, False),
    ],
)
def test_what_leaves_the_side_open_has_no_mirror_image(room, spec, sentence, yaw, mirrors):
    task = parse_task(sentence, room)
    view = View(room, Pose(0.0, 0.0, yaw))
    assert teach(view, task, 0, HERE, NOTHING, spec).mirrors == mirrors


def test_cells_are_counted_from_the_other_end():
    cells = torch.tensor([0, 7, 8, 47, 48, -100])
    assert mirrored_cells(cells, (6, 8)).tolist() == [7, 0, 15, 40, 48, -100]


def test_more_to_one_side_has_no_mirror_image():
    uneven = ActionSpec(("linear.x", "angular.z"), (-0.2, -1.5), (0.6, 1.0), 0.1, 4)
    with pytest.raises(TrainError, match=r"as large to both sides.*angular\.z"):
        mirror_signs(uneven)
    assert mirror_signs(dataclasses.replace(uneven, high=(0.6, 1.5)))["actions"].tolist() == [
        1,
        -1,
    ]


def test_frames_come_mirrored_with_what_can_be(tmp_path, config, write, make_image, make_lesson):
    seen = make_lesson(10, "go to the ball left of the box", pixel=(0.0, 0.0))
    lost = make_lesson(12)
    turn = make_lesson(14, "turn right", names_thing=False)
    episode = [(make_image(1), [lost, seen, turn]), (make_image(2), [lost])]
    source = DatasetSource(str(write(tmp_path / "data", [episode])))
    texts = []

    def embed(sentences):
        texts.extend(sentences)
        return np.arange(len(sentences))

    data = FrameDataset(
        [source],
        dataclasses.replace(config, mirror_share=0.5),
        tmp_path / "cache",
        Sentences(embed),
    )
    plain = data.take(np.array([0, 1]), 2)
    batch = data.take(np.array([0, 1]), 2, mirrored=np.array([True, True]))
    assert np.array_equal(batch.images[0], plain.images[0].flip(-1))
    assert np.array_equal(batch.images[1], plain.images[1])
    said = [texts[number] for number in batch.language]
    assert said[:2] == ["go to the ball right of the box", "turn left"]
    assert said[2:] == ["go to the red ball"] * 2
    assert batch.spots[0].tolist() == [10, -1]
    assert batch.cells[0] == 7
    kept = data.take(np.array([0]), 3).actions.numpy()
    assert np.array_equal(batch.actions[0], kept[1] * np.array([1, -1], np.float32))
    assert np.array_equal(batch.actions[2:], plain.actions[2:])
    flips = [
        data.draw(np.random.default_rng(seed), 1, 1).images.equal(plain.images[:1])
        for seed in range(20)
    ]
    assert any(flips)
    assert not all(flips)
