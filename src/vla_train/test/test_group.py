# SPDX-License-Identifier: Apache-2.0
"""Trainings that are cut off, cut into parts, or shared by several processes."""

import dataclasses
import pickle
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from vla_policy.memory import LOST, SEEN, Sight
from vla_policy.models.language import TransformerEncoder
from vla_train.config import DatasetSource, RunConfig
from vla_train.dataset import FrameDataset
from vla_train.errors import TrainError
from vla_train.group import Group
from vla_train.lesson import Lesson
from vla_train.sentences import Sentences
from vla_train.training import Trainer

PROCESS = Path(__file__).with_name("training_process.py")
KILLS = 2
STEPS = 8


@pytest.fixture(autouse=True)
def one_thread():
    """Sums are the same in every process only if they are added up in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path, write, make_image):
    """A data set of frames with one to three lessons, of which only some name a thing."""
    rng = np.random.default_rng(0)

    def lesson(seen):
        actions = rng.uniform(-0.5, 0.5, (4, 2)).astype(np.float32)
        state, memory = rng.normal(size=(2, 3)).astype(np.float32)
        sight = Sight(SEEN if seen else LOST, (1.0, 0.5), False)
        named = sight if rng.random() < 0.7 else None
        pixel = (80.0, 120.0) if seen else None
        return Lesson(
            "go to the red ball", 0, state, memory, actions, named, pixel, bool(seen), True
        )

    episodes = [
        [(make_image(number), [lesson(number % 3 == 0) for _ in range(1 + number % 3)])]
        for number in range(24)
    ]
    write(tmp_path / "round_0", episodes)
    return tmp_path


@pytest.fixture
def plan(config):
    """Some steps of a network without batch norm, which a part of a batch cannot do alike."""
    model = dataclasses.replace(config.model, vision="vit")
    rounds = (dataclasses.replace(config.rounds[0], samples=8 * STEPS),)
    return dataclasses.replace(config, model=model, rounds=rounds, lessons_per_frame=2)


def trained(folder: Path, config: RunConfig) -> Trainer:
    """A whole training in this process."""
    trainer = Trainer(config, Group())
    source = DatasetSource(str(folder / "round_0"), state=())
    data = FrameDataset([source], config, folder / "cache", Sentences(TransformerEncoder(8).embed))
    trainer.train_round(0, data, folder / "whole.pt", lambda *_: None)
    return trainer


def weights(state: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([value.flatten().double() for value in state.values()])


def kept(folder: Path) -> dict[str, torch.Tensor]:
    """The weights that a training of its own process kept."""
    return torch.load(folder / "state.pt", weights_only=True)["model"]


def command(folder: Path, config: RunConfig, *starter: str) -> list[str]:
    (folder / "config.pickle").write_bytes(pickle.dumps(config))
    return [sys.executable, *starter, str(PROCESS), str(folder)]


@pytest.mark.parametrize("parts", [2, 3])
def test_a_batch_in_parts_teaches_what_the_whole_batch_teaches(folder, plan, parts):
    whole = trained(folder, plan)
    cut = trained(folder, dataclasses.replace(plan, accumulate=parts))
    assert weights(cut.model.state_dict()) == pytest.approx(
        weights(whole.model.state_dict()), abs=1e-5
    )


def test_two_processes_with_half_a_batch_each_learn_what_one_learns(folder, plan):
    starter = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    subprocess.run(command(folder, plan, *starter), check=True, timeout=240, capture_output=True)
    whole = trained(folder, plan)
    assert weights(kept(folder)) == pytest.approx(weights(whole.model.state_dict()), abs=1e-5)


def test_a_training_that_is_killed_again_and_again_ends_as_one_that_was_not(folder, config):
    rounds = (dataclasses.replace(config.rounds[0], samples=8 * 4 * STEPS),)
    config = dataclasses.replace(config, rounds=rounds)
    chance = random.Random()  # any moment must do
    for _ in range(KILLS):
        with subprocess.Popen(
            command(folder, config), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, STEPS)):
                process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)
    subprocess.run(command(folder, config), check=True, timeout=240, stdout=subprocess.DEVNULL)
    whole = trained(folder, config).model.state_dict()
    assert all(value.equal(whole[name]) for name, value in kept(folder).items())


def test_half_precision_learns_nearly_the_same(folder, plan):
    losses = {}
    for precision in ("float32", "bfloat16"):
        trainer = trained(folder, dataclasses.replace(plan, precision=precision))
        assert {value.dtype for value in trainer.model.parameters()} == {torch.float32}
        losses[precision] = weights(trainer.model.state_dict())
    assert not losses["bfloat16"].equal(losses["float32"])
    assert losses["bfloat16"] == pytest.approx(losses["float32"], abs=0.02)


def test_a_batch_that_is_too_small_to_be_shared_is_refused(plan):
    with pytest.raises(TrainError, match=r"batch_size must be >= 3 processes \* accumulate 4"):
        Trainer(dataclasses.replace(plan, accumulate=4), Group(size=3))


@pytest.mark.parametrize(("count", "size"), [(64, 1), (64, 2), (7, 3), (5, 5)])
def test_shares_of_a_batch_leave_nothing_out(count, size):
    shares = [range(count)[Group(rank, size).share(count)] for rank in range(size)]
    assert [thing for share in shares for thing in share] == list(range(count))
    assert min(map(len, shares)) >= count // size
