# SPDX-License-Identifier: Apache-2.0
import dataclasses
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from vla_train.collect import QUESTIONS, ShardJob, collect_shard
from vla_train.config import DatasetSource
from vla_train.dataset import FrameDataset
from vla_train.errors import TrainError
from vla_train.join import join_shards
from vla_train.questions import Question
from vla_train.recording import Recording, open_parquet
from vla_train.sentences import Sentences

LEFT = Question("what stands furthest to the left", "ball")
WHERE = Question("where is the red box", "right")
COUNT = Question("count the balls", "two")
FILE = "questions/chunk-000/file-000.parquet"


class Pupil:
    """A network's quiz that knows its questions by number."""

    def __init__(self):
        self.heard = []

    def __call__(self, questions):
        self.heard = questions
        rows = torch.arange(len(questions))[:, None]
        return rows, rows.clone()

    def asked(self, batch):
        return [
            (self.heard[question].question, self.heard[answer].answer)
            for question, answer in zip(batch.questions, batch.answers, strict=True)
        ]


def said(*questions):
    return [(each.question, each.answer) for each in questions]


@pytest.fixture
def shards(tmp_path, write, make_image, make_lesson):
    """Two of three frames, with two, no and one question."""
    lesson = make_lesson(10, pixel=(0.0, 0.0))
    paths = []
    for shard in range(2):
        episode = [
            (make_image(shard), [lesson], LEFT, WHERE),
            (make_image(shard), [make_lesson(12)]),
            (make_image(shard), [lesson], COUNT),
        ]
        paths.append(write(tmp_path / "round_0.shards" / f"shard_{shard}", [episode]))
    return paths


@pytest.fixture
def read(tmp_path, config):
    def read_all(paths, pupil, mirror_share=0.0, per_frame=2):
        asking = dataclasses.replace(
            config, questions_per_frame=per_frame, mirror_share=mirror_share
        )
        return FrameDataset(
            [DatasetSource(str(path)) for path in paths],
            asking,
            tmp_path / "cache",
            Sentences(lambda texts: torch.zeros(len(texts), 1)),
            quiz=pupil,
        )

    return read_all


def test_questions_are_joined_with_their_frames(tmp_path, config, shards):
    root = tmp_path / "round_0"
    join_shards(root, shards, config.action, config.image_size)
    rows = pq.read_table(root / FILE).to_pylist()
    assert [row["index"] for row in rows] == [0, 0, 2, 3, 3, 5]
    assert [(row["question"], row["answer"]) for row in rows] == said(LEFT, WHERE, COUNT) * 2
    assert Recording.open(root).question_files == (root / FILE,)


def test_shards_of_before_there_were_questions_are_joined_too(tmp_path, config, shards):
    shutil.rmtree(shards[0] / "questions")
    root = tmp_path / "round_0"
    join_shards(root, shards, config.action, config.image_size)
    assert pq.read_table(root / FILE)["index"].to_pylist() == [3, 3, 5]


def test_each_frame_comes_with_its_questions_and_nothing_where_there_are_too_few(read, shards):
    pupil = Pupil()
    batch = read(shards, pupil).take(np.array([0, 1, 5]))
    assert pupil.asked(batch) == [*said(LEFT, WHERE), *[("", "")] * 2, *said(COUNT), ("", "")]
    assert len(pupil.heard) == len(set(pupil.heard))


def test_of_many_questions_a_turn_tells_where_to_begin(read, shards):
    pupil = Pupil()
    data = read(shards, pupil, per_frame=1)
    batch = data.take(np.array([0, 3]), turns=np.array([0.0, 0.7]))
    assert pupil.asked(batch) == said(LEFT, WHERE)


def test_a_mirrored_frame_is_asked_the_mirrored_questions(read, shards):
    pupil = Pupil()
    data = read(shards, pupil, mirror_share=0.5)
    batch = data.take(np.array([0, 3]), mirrored=np.array([True, False]))
    assert batch.images[0].equal(data.take(np.array([0])).images[0].flip(-1))
    assert pupil.asked(batch)[:2] == [
        ("what stands furthest to the right", "ball"),
        ("where is the red box", "left"),
    ]
    assert pupil.asked(batch)[2:] == said(LEFT, WHERE)


def test_a_frame_without_a_mirror_image_is_asked_as_it_is(
    tmp_path, read, write, make_image, make_lesson
):
    root = write(tmp_path / "data", [[(make_image(1), [make_lesson(12)], WHERE, LEFT)]])
    pupil = Pupil()
    batch = read([root], pupil, mirror_share=0.5).take(np.array([0]), mirrored=np.array([True]))
    assert pupil.asked(batch) == said(WHERE, LEFT)


def test_data_sets_without_questions_ask_none(read, shards):
    for shard in shards:
        shutil.rmtree(shard / "questions")
    batch = read(shards, Pupil()).take(np.array([0, 1]))
    assert (batch.questions, batch.answers) == (None, None)
    assert [len(part.images) for part in batch.parts(2)] == [1, 1]


def test_parts_of_a_batch_keep_the_questions_of_their_images(read, shards):
    pupil = Pupil()
    batch = read(shards, pupil).take(np.array([0, 1, 2, 3]), 3)
    parts = list(batch.parts(2))
    assert [len(part.actions) for part in parts] == [6, 6]
    assert [each for part in parts for each in pupil.asked(part)] == pupil.asked(batch)


def test_questions_of_frames_that_are_not_there_are_refused(read, shards):
    table = pq.read_table(shards[0] / FILE)
    pq.write_table(table.set_column(0, "index", [[0, 1, 3]]), shards[0] / FILE)
    with pytest.raises(TrainError, match=r"questions: expected questions about the 3 frames"):
        read(shards, Pupil())


@pytest.mark.parametrize("glances", [True, False])
def test_collected_frames_have_questions_that_change_nothing_else(
    tmp_path, config, glances, monkeypatch
):
    small = dataclasses.replace(
        config, rooms_per_glance_shard=1, glances_per_room=3, episodes_per_room=1
    )
    found = []
    for count in (QUESTIONS, 0):
        monkeypatch.setattr("vla_train.collect.QUESTIONS", count)
        root = tmp_path / f"with_{count}"
        collect_shard(ShardJob(small, 0, 0, root, None, glances))
        recording = Recording.open(root)
        asked = open_parquet(recording.question_files[0]).read()
        lessons = open_parquet(recording.lesson_files[0]).read()
        found.append((recording.frames, asked["index"].to_pylist(), lessons.to_pydict()))
    (frames, asked, lessons), (_, none, same) = found
    assert none == []
    assert str(lessons) == str(same)  # NaN is not like itself
    assert frames <= len(asked) <= QUESTIONS * frames
