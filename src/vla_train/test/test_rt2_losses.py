# SPDX-License-Identifier: Apache-2.0
"""RT-2 learns from questions beside lessons."""

import dataclasses

import numpy as np
import pytest
import torch

pytest.importorskip("transformers", reason="requirements/rt2.txt is not installed")

from vla_policy.architectures import find_architecture
from vla_train.config import DatasetSource
from vla_train.dataset import FrameDataset
from vla_train.errors import TrainError
from vla_train.group import Group
from vla_train.losses import Counts
from vla_train.questions import Question
from vla_train.rt2_losses import part_losses
from vla_train.sentences import Sentences
from vla_train.training import Trainer

ASKED = (Question("where is the red ball", "middle"), Question("count the balls", "one"))


@pytest.fixture(scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def asking(config):
    sizes = {"horizon": 4, "knots": (0, 3), "image_height": 48, "image_width": 64}
    model = find_architecture("rt2").make_config({"action_dim": 2, **sizes})
    return dataclasses.replace(
        config, model=model, questions_per_frame=2, lessons_per_frame=2, batch_size=4
    )


@pytest.fixture
def trainer(asking, one_thread):
    return Trainer(asking, Group())


@pytest.fixture
def batch(tmp_path, asking, trainer, write, make_image, make_lesson):
    """All of a small data set, and a network whose batch norm stays as it is."""
    lessons = [make_lesson(10, pixel=(0.0, 0.0)), make_lesson(12, "stop", names_thing=False)]
    root = write(tmp_path / "data", [[(make_image(n), lessons, *ASKED) for n in range(4)]])
    data = FrameDataset(
        [DatasetSource(str(root))],
        asking,
        tmp_path / "cache",
        Sentences(trainer.model.embed),
        quiz=trainer.quiz,
    )
    trainer.model.eval()
    batch = data.take(np.arange(4), 2)
    return batch._replace(images=batch.images / 255.0)


def judged(trainer, batch):
    """The losses, and how much the network is to change."""
    trainer.model.zero_grad()
    whole = Counts.of(batch).least_one
    losses = [part_losses(trainer.model, part, whole) for part in batch.parts(2)]
    sum(part.memory + part.action for part in losses).backward()
    gradients = [p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]
    summed = [sum(values).detach() for values in zip(*losses, strict=True)]
    return torch.stack(summed), torch.cat(gradients)


def test_answers_are_learnt_besides_what_lessons_teach(trainer, batch):
    with_questions, change = judged(trainer, batch)
    without, other = judged(trainer, batch._replace(questions=None, answers=None))
    assert with_questions[:2].tolist() == pytest.approx(without[:2].tolist(), rel=1e-3)
    assert with_questions[2] > without[2] + 1.0  # a network that knows nothing guesses
    assert not torch.allclose(change, other, rtol=0.01)


def test_losses_of_parts_are_those_of_the_whole(trainer, batch):
    parts, _ = judged(trainer, batch)
    whole = part_losses(trainer.model, batch, Counts.of(batch).least_one)
    assert torch.stack(list(whole)).tolist() == pytest.approx(parts.tolist(), rel=1e-3)


def test_nothing_is_learnt_where_nothing_is_asked(trainer, batch):
    unanswered = batch._replace(
        questions=torch.full_like(batch.questions, -1), answers=torch.full_like(batch.answers, -1)
    )
    found, _ = judged(trainer, unanswered)
    without, _ = judged(trainer, batch._replace(questions=None, answers=None))
    assert found.tolist() == pytest.approx(without.tolist(), rel=1e-3)


def test_a_network_that_answers_nothing_is_asked_nothing(config):
    with pytest.raises(TrainError, match=r"questions_per_frame must be 0 for end_to_end.*rt2"):
        Trainer(dataclasses.replace(config, questions_per_frame=1), Group())
