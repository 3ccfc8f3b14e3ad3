# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json

import numpy as np
import pytest
import torch

from vla_policy.action import ActionSpec
from vla_policy.checkpoint import (
    CheckpointConfig,
    CheckpointError,
    find_checkpoint,
    load_policy,
    read_config,
    save_checkpoint,
    shipped_names,
)
from vla_policy.errors import BackendError, ObservationError
from vla_policy.memory import SEEN, Sight
from vla_policy.models.config import EndToEndConfig
from vla_policy.models.end_to_end import EndToEndVLA
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.statistics import ActionStatistics

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 3)
SIZES = EndToEndConfig(
    image_height=32,
    image_width=40,
    horizon=3,
    vision_channels=8,
    fusion_dim=16,
)
STATISTICS = ActionStatistics((0.1, 0.3), (0.2, 0.4), 0.5, 0.25)
CONFIG = CheckpointConfig(model=SIZES, action=SPEC, deadband=0.5)


@pytest.fixture
def directory(tmp_path):
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(SIZES), CONFIG, card="# tiny\n")
    return tmp_path / "tiny"


def observation(**changes):
    rng = np.random.default_rng(0)
    values = {
        "images": rng.integers(0, 255, (1, 64, 80, 3), dtype=np.uint8),
        "instruction": "go to the red ball",
        "stamp": 42,
    }
    return Observation(**{**values, **changes})


def edit(directory, change):
    path = directory / "config.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def test_what_was_saved_acts_when_loaded(directory):
    policy = load_policy(directory)
    assert isinstance(policy, Policy)
    chunk = policy.act(observation())
    assert chunk.actions.shape == (3, 2)
    assert chunk.observation_stamp == 42
    assert policy.name == "tiny"


def test_the_same_observation_gives_the_same_actions(directory):
    a, b = (load_policy(directory).act(observation()).actions for _ in range(2))
    assert np.array_equal(a, b)


def test_small_actions_are_commanded_as_zero(directory):
    normalised = SPEC.normalise(load_policy(directory).act(observation()).actions)
    assert np.all((np.abs(normalised) >= 0.5) | (np.abs(normalised) < 1e-6))


def test_a_task_begins_with_an_empty_memory_and_keeps_one(directory):
    policy = load_policy(directory)
    policy.prepare("go to the red ball")
    policy.memory.take(Sight(SEEN, (1.0, 0.0), False), False, np.zeros(3, np.float32), 0)
    policy.memory.stage = 1
    policy.act(observation())
    assert policy.memory.stage == 1
    policy.prepare("go to the red ball")
    assert policy.memory.stage == 0
    assert not policy.memory.features(np.zeros(3, np.float32)).any()


def test_another_number_of_images_is_refused(directory):
    with pytest.raises(ObservationError, match=r"looks at 1 image\(s\), got 2"):
        load_policy(directory).act(observation(images=np.zeros((2, 8, 8, 3), np.uint8)))


def test_the_sentence_is_encoded_once(directory, monkeypatch):
    policy = load_policy(directory)
    policy.prepare("turn left")
    monkeypatch.setattr("vla_policy.sentence.shared_encoder", lambda: pytest.fail("encoded again"))
    policy.act(observation(instruction="turn left"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "name is empty"),
        ("no_such_policy", "no checkpoint 'no_such_policy'.*shipped ones"),
        ("/no/such/folder", "no checkpoint '/no/such/folder'"),
    ],
)
def test_a_checkpoint_that_is_not_there_is_named(source, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        find_checkpoint(source)


def test_a_directory_without_configuration_is_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load_policy(tmp_path)


def test_action_statistics_are_kept_and_need_not_be_there(directory):
    assert read_config(directory).action_statistics is None
    told = dataclasses.replace(CONFIG, action_statistics=STATISTICS)
    save_checkpoint(directory, EndToEndVLA(SIZES), told)
    assert read_config(directory).action_statistics == STATISTICS
    edit(directory, lambda values: values.pop("action_statistics"))
    assert read_config(directory).action_statistics is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"std": [0.1, 0.0]}, "std must be > 0"),
        ({"mean": [0.1]}, r"mean and std must be of one length \(got 1 and 2\)"),
        ({"mean": [0.1], "std": [0.1]}, "are of 1 values, the action spec has 2"),
        ({"norm_mean": "often"}, "malformed"),
        ({"norm_std": float("nan")}, "must be finite"),
    ],
)
def test_action_statistics_that_make_no_sense_are_refused(directory, change, sentence):
    changed = {**STATISTICS.to_dict(), **change}
    edit(directory, lambda values: values.update(action_statistics=changed))
    with pytest.raises(CheckpointError, match=sentence):
        read_config(directory)


def test_truncated_weights_are_called_damaged(directory):
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged .*1000 bytes"):
        load_policy(directory)


def test_missing_weights_are_named(directory):
    (directory / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        load_policy(directory)


def test_truncated_configuration_is_called_unreadable(directory):
    path = directory / "config.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(CheckpointError, match=r"config\.json cannot be read"):
        load_policy(directory)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: v.update(format_version=1), "format_version must be 3"),
        (lambda v: v.update(architecture="rt9"), "architecture must be one of end_to_end"),
        (lambda v: v.pop("action_spec"), "'action_spec' is missing"),
        (lambda v: v["model"].update(horizon=9), "gives 9 actions"),
        (lambda v: v["model"].update(colour=9), "unknown keys of the model: colour"),
        (lambda v: v.update(deadband=2.0), "deadband must lie in"),
        (lambda v: v["action_spec"].update(dt=-1), "dt must be > 0"),
        (lambda v: v.update(model=[]), "wrong type"),
        (lambda v: v["model"].update(fusion_dim=32), "does not fit the network"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(directory, change, sentence):
    edit(directory, change)
    with pytest.raises(CheckpointError, match=sentence):
        load_policy(directory)


def test_an_unknown_device_is_refused(directory):
    with pytest.raises(BackendError, match="device"):
        load_policy(directory, device="warp9")


def test_the_shipped_checkpoint_loads_and_is_small():
    assert "end_to_end" in shipped_names()
    folder = find_checkpoint("end_to_end")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 20e6
    policy = load_policy("end_to_end")
    assert policy.spec.names == ("linear.x", "angular.z")
    assert "Measured success" in (folder / "README.md").read_text()
