# SPDX-License-Identifier: Apache-2.0
import dataclasses
import shutil

import numpy as np
import pytest
import torch

from vla_policy.memory import LOST, SEEN, Sight
from vla_policy.models.language import TransformerEncoder
from vla_train.config import DatasetSource
from vla_train.dataset import FrameDataset
from vla_train.group import Group
from vla_train.lesson import Lesson
from vla_train.sentences import Sentences
from vla_train.training import Trainer, learning_rate


@pytest.fixture(autouse=True)
def one_thread():
    """These networks are so small that a second thread only costs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data(tmp_path, config, write):
    rng = np.random.default_rng(0)

    def glance():
        left = bool(rng.random() < 0.5)
        image = np.zeros((48, 64, 3), np.uint8)
        image[:, : 32 if left else 64, :] = 200
        actions = np.full((4, 2), 0.5 if left else -0.5, np.float32)
        nothing = np.zeros(3, np.float32)
        sight = Sight(SEEN if left else LOST, (1.0, 0.5), False)
        pixel = (80.0, 120.0) if left else None
        return image, [
            Lesson("go forward", 0, nothing, nothing, actions, sight, pixel, left, True)
        ]

    root = write(tmp_path / "round_0", [[glance()] for _ in range(24)])
    return read(root, config)


def read(root, config):
    cache = root.with_name("cache")
    return FrameDataset(
        [DatasetSource(str(root), state=())], config, cache, Sentences(TransformerEncoder(8).embed)
    )


def ignore(*_):
    pass


def weights(trainer):
    return torch.cat([value.flatten() for value in trainer.average.state_dict().values()])


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(config, data, tmp_path):
    whole = Trainer(config, Group())
    whole.train_round(0, data, tmp_path / "whole.pt", ignore)

    class CutOffError(Exception):
        pass

    first = Trainer(config, Group())

    def stop(step, *_):
        if step == 3:
            first.save(tmp_path / "state.pt")
            raise CutOffError

    with pytest.raises(CutOffError):
        first.train_round(0, data, tmp_path / "state.pt", stop)
    second = Trainer(config, Group())
    second.load(tmp_path / "state.pt")
    steps = []
    second.train_round(0, data, tmp_path / "state.pt", lambda step, *_: steps.append(step))
    assert steps == list(range(4, 9))
    assert torch.equal(weights(whole), weights(second))


def test_what_was_trained_is_known_afterwards(config, data, tmp_path):
    # Some steps more than it takes for the rate to warm up.
    plan = dataclasses.replace(config.rounds[0], samples=8 * 120, learning_rate=5e-3)
    trainer = Trainer(dataclasses.replace(config, rounds=(plan,)), Group())
    batch = data.take(np.arange(len(data)))

    def error():
        look = trainer.model.eval().look(batch.images, batch.language, batch.states)
        modes = (look.mode.argmax(dim=1) != batch.modes).float().mean().item()
        more = ((look.more > 0) != (batch.more > 0)).float().mean().item()
        seen = batch.modes == SEEN
        spots = (look.spot - batch.spots)[seen].abs().mean().item()
        return (look.actions - batch.actions).abs().mean().item(), modes, more, spots

    before = error()
    trainer.train_round(0, data, tmp_path / "state.pt", ignore)
    actions, modes, more, spots = error()
    assert actions < 0.3 * before[0]
    assert (modes, more) == (0.0, 0.0)
    assert spots < 0.25


def test_recordings_without_lessons_are_learnt_from(config, data, tmp_path):
    shutil.rmtree(tmp_path / "round_0" / "lessons")
    recorded = read(tmp_path / "round_0", config)
    assert recorded.take(np.arange(24)).actions.equal(data.take(np.arange(24)).actions)
    trainer = Trainer(config, Group())
    losses = []
    trainer.train_round(0, recorded, tmp_path / "state.pt", lambda *done: losses.append(done[2]))
    assert np.isfinite(losses).all()
    assert weights(trainer).isfinite().all()


def test_the_rate_warms_up_and_falls_to_the_last(config):
    plan = config.rounds[0]
    rates = [learning_rate(plan, step, 1000) for step in range(1000)]
    assert rates[0] < rates[99] > rates[500] > rates[999]
    assert rates[999] == pytest.approx(plan.final_rate, rel=0.01)
