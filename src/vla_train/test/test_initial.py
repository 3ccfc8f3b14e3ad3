# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest
import torch
from safetensors.torch import save_file

from vla_policy.errors import CheckpointError
from vla_policy.models.end_to_end import EndToEndVLA
from vla_train.errors import TrainError
from vla_train.group import Group
from vla_train.initial import initial_weights
from vla_train.training import Trainer


@pytest.fixture
def checkpoint(tmp_path):
    """Writes tensors as a checkpoint has them; its configuration is that of nobody."""

    def write(tensors):
        save_file(tensors, tmp_path / "model.safetensors")
        return str(tmp_path)

    return write


def test_what_fits_is_taken_and_all_else_stays(config, checkpoint):
    other = dataclasses.replace(config.model, fusion_dim=32)
    theirs = EndToEndVLA(other).state_dict()
    trainer = Trainer(config, Group())
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}

    weights = initial_weights(checkpoint(theirs), trainer.model)
    trainer.begin_with(weights)

    assert any(name.startswith("vision.") for name in weights)
    assert len(weights) < len(before)
    for network in (trainer.model, trainer.average):
        for name, value in network.state_dict().items():
            expected = theirs[name] if name in weights else before[name]
            assert torch.equal(value, expected), name


def test_only_the_parts_that_are_wanted_are_taken(config, checkpoint):
    network = EndToEndVLA(config.model)
    path = checkpoint(network.state_dict())
    weights = initial_weights(path, network, ("language.", "vision."))
    assert {name.partition(".")[0] for name in weights} == {"language", "vision"}
    assert weights.keys() < initial_weights(path, network).keys()
    with pytest.raises(TrainError, match=r"initial_parts: no tensor .* 'visions.'"):
        initial_weights(path, network, ("language.", "visions."))


@pytest.mark.parametrize("tensors", [{}, {"vision.stem.0.weight": torch.zeros(1)}])
def test_weights_of_which_none_fits_are_refused(config, checkpoint, tensors):
    with pytest.raises(TrainError, match=r"none of the .* tensors"):
        initial_weights(checkpoint(tensors), EndToEndVLA(config.model))


def test_weights_that_cannot_be_read_are_refused(config, tmp_path):
    model = EndToEndVLA(config.model)
    with pytest.raises(TrainError, match="cannot be read"):
        initial_weights(str(tmp_path), model)
    (tmp_path / "model.safetensors").write_text("no weights")
    with pytest.raises(TrainError, match="cannot be read"):
        initial_weights(str(tmp_path), model)


def test_a_checkpoint_that_is_nowhere_is_named(config):
    with pytest.raises(CheckpointError, match="no checkpoint 'nowhere'"):
        initial_weights("nowhere", EndToEndVLA(config.model))
