# SPDX-License-Identifier: Apache-2.0
import dataclasses
import shutil

import pytest
import torch

from vla_train.babyai import checkpoint
from vla_train.babyai.demonstrations import record, shard_path
from vla_train.babyai.initial import begin_with
from vla_train.babyai.levels import FIRST_TRAINING_SEED, find_level
from vla_train.babyai.networks import NetworkConfig, build_network
from vla_train.babyai.runs import train_level
from vla_train.babyai.training import TrainingPlan
from vla_train.errors import TrainError

pytest.importorskip("gymnasium")
TRAINED = {
    "demonstrations": 5, "frames": 60, "steps": 7, "batch_size": 8, "seconds": 1.5, "seed": 0,
    "symmetry": True, "parameters": 9, "hardware": "a processor", "torch": "2",
}  # fmt: skip


def small(architecture, level="GoToLocal"):
    config = NetworkConfig.of(find_level(level), architecture)
    history = min(2, config.history)
    return dataclasses.replace(config, history=history, channels=16, language_dim=16, dim=32)


def taught(directory, config):
    network = build_network(config)
    with torch.no_grad():
        for value in network.parameters():
            value.normal_()
    checkpoint.save(directory, network, checkpoint.BabyAICheckpoint(config, TRAINED))
    return checkpoint.load(directory)[0]


def test_an_rt1_looks_with_what_an_end_to_end_network_has_learnt_to_see(tmp_path):
    other = taught(tmp_path, small("end_to_end"))
    network = build_network(small("rt1"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    begun = begin_with(network, "GoToLocal", tmp_path)
    assert (begun["architecture"], begun["demonstrations"]) == ("end_to_end", 5)
    images = torch.zeros(2, 3, 16, 16)
    assert torch.equal(network.vision.encoder.eval()(images), other.vision(images))
    film, theirs = network.vision.blocks[1].film, other.fusion.blocks[1].film
    assert torch.equal(film.weight, theirs.weight[:, :-1])  # the last is the compass's
    kept = [name for name, value in network.state_dict().items() if name.startswith("decoder.")]
    assert kept
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in kept)


def test_a_network_can_begin_with_one_of_its_own_kind(tmp_path):
    other = taught(tmp_path, small("rt1"))
    network = build_network(small("rt1"))
    begun = begin_with(network, "GoToLocal", tmp_path)
    assert begun["tensors"] == begun["of"] == len(other.state_dict())
    for name, value in other.state_dict().items():
        assert torch.equal(network.state_dict()[name], value), name


def test_a_checkpoint_of_another_level_is_refused(tmp_path):
    taught(tmp_path, small("rt1", "PutNextLocal"))
    with pytest.raises(TrainError, match=r"must be of GoToLocal \(got one of PutNextLocal\)"):
        begin_with(build_network(small("rt1")), "GoToLocal", tmp_path)


def test_where_a_run_began_is_kept_and_in_the_card(tmp_path):
    level = find_level("GoToLocal")
    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 2)
    record(level, seeds).save(shard_path(tmp_path / "data", level, FIRST_TRAINING_SEED))
    taught(tmp_path / "seeing", small("end_to_end"))
    said = []

    def run(steps):
        return train_level(
            small("rt1"),
            TrainingPlan(steps=steps, batch_size=2),
            tmp_path / "data",
            None,
            tmp_path / "run",
            torch.device("cpu"),
            said.append,
            tmp_path / "seeing",
        )

    made = run(1)
    begun = checkpoint.read_config(made).training["initial"]
    assert begun["architecture"] == "end_to_end"
    assert any(f"begins with {begun['tensors']} of {begun['of']} tensors" in line for line in said)
    assert "an EndToEndVLA had learnt to see" in (made / "README.md").read_text()

    shutil.rmtree(tmp_path / "seeing")  # of no more use to a run that goes on
    assert checkpoint.read_config(run(2)).training["initial"] == begun
