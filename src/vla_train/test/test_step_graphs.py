# SPDX-License-Identifier: Apache-2.0
import contextlib
import dataclasses

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vla_policy.architectures import architecture_of
from vla_policy.models.config import keeps_off, memory_dim
from vla_policy.surroundings import RANGES
from vla_train.config import load_config
from vla_train.dataset import Batch
from vla_train.group import Group
from vla_train.questions import Question
from vla_train.step_graphs import WARM_UP_STEPS
from vla_train.training import Trainer

NAMES = ("end_to_end_gpu", "end_to_end_fine", "rt1_mini", "rt2_mini")
FRAMES, LESSONS, QUESTIONS = 4, 3, 2
WAITING = ("_local_scalar_dense", "nonzero", "lift_fresh", "unique", "masked_select")
"""Operations that read a value off the device, or bring one there from a list of Python's."""


class Watch(TorchDispatchMode):
    """Notes what a GPU would be waited for."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        found = [a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)]
        moved = "_to_copy" in str(func) and kwargs.get("device") not in (None, found[0].device)
        if moved or any(name in str(func) for name in WAITING):
            self.waits.append(str(func))
        return func(*args, **kwargs)


def batch_of(trainer, device, seed=0):
    sizes, horizon = trainer.config.model, trainer.config.action.horizon
    draw = torch.Generator().manual_seed(seed)
    rows = FRAMES * LESSONS
    questions, answers = None, None
    if trainer.quiz is not None:
        asked = [Question("which colour is the ball", "red")] * (FRAMES * QUESTIONS)
        questions, answers = trainer.quiz(asked)
    images = (FRAMES, sizes.history, 3, sizes.image_height, sizes.image_width)
    made = Batch(
        images=torch.randint(256, images, generator=draw, dtype=torch.uint8),
        language=trainer.model.embed(["first turn left, then go to the red ball"] * rows).cpu(),
        states=torch.randn(rows, 3, generator=draw),
        memories=torch.zeros(rows, memory_dim(sizes)),
        stages=torch.zeros(rows, dtype=torch.long),
        actions=torch.rand(rows, horizon, 2, generator=draw) * 2 - 1,
        cells=torch.randint(300, (rows,), generator=draw),
        modes=torch.randint(3, (rows,), generator=draw),
        spots=torch.randn(rows, 2, generator=draw),
        more=torch.zeros(rows),
        questions=questions,
        answers=answers,
        ranges=torch.rand(FRAMES, RANGES, generator=draw) if keeps_off(sizes) else None,
    )
    return Batch(*(None if value is None else value.to(device) for value in made))


@pytest.mark.parametrize("name", NAMES)
def test_what_of_a_step_is_captured_waits_for_nothing(name, monkeypatch):
    # No GPU is needed to see it: the device `meta` computes nothing that could be waited for.
    config = dataclasses.replace(load_config(name), precision="float32", initial=None)
    trainer = Trainer(config, Group())
    batch = batch_of(trainer, "meta")
    for network in (trainer.model, trainer.average):
        network.to("meta")
    trainer.group = Group(device=torch.device("meta"))
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(trainer.optimizer, "step", lambda: None)  # steps of a CPU's are counted
    looks = torch.zeros(FRAMES, 7, device="meta")
    watch = Watch()
    with watch:
        trainer._learn(batch, looks)
    assert watch.waits == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", NAMES)
def test_captured_steps_learn_what_usual_ones_learn(name):
    config = dataclasses.replace(load_config(name), precision="float32", initial=None)
    device = torch.device("cuda")
    weights = []
    for captured in (True, False):
        trainer = Trainer(config, Group(device=device))
        if not captured:
            trainer._learn_step = trainer._learn
        looks = torch.tensor([[1.0, 1, 1, 1, 0, 0, 0]]).expand(FRAMES, -1)
        for step in range(WARM_UP_STEPS + 3):
            trainer._step(batch_of(trainer, device, seed=step), looks, 1e-4)
        weights.append(torch.cat([value.flatten() for value in trainer.model.parameters()]))
    assert torch.allclose(*weights, atol=1e-5)


def test_every_architecture_is_watched():
    names = {architecture_of(load_config(name).model).name for name in NAMES}
    assert names == {"end_to_end", "rt1", "rt2"}
