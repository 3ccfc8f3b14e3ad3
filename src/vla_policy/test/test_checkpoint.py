# SPDX-License-Identifier: Apache-2.0
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
    save_checkpoint,
    shipped_names,
)
from vla_policy.errors import BackendError, ObservationError
from vla_policy.models.end_to_end import EndToEndConfig, EndToEndVLA
from vla_policy.observation import Observation
from vla_policy.policy import Policy

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 3)
SIZES = EndToEndConfig(
    image_height=32, image_width=40, horizon=3, vision_channels=8, fusion_dim=16
)
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


def test_another_number_of_images_is_refused(directory):
    with pytest.raises(ObservationError, match=r"looks at 1 image\(s\), got 2"):
        load_policy(directory).act(observation(images=np.zeros((2, 8, 8, 3), np.uint8)))


def test_the_sentence_is_encoded_once(directory, monkeypatch):
    policy = load_policy(directory)
    policy.prepare("turn left")
    monkeypatch.setattr(
        "vla_policy.model_policy.shared_encoder", lambda: pytest.fail("encoded again")
    )
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
        (lambda v: v.update(format_version=2), "format_version must be 1"),
        (lambda v: v.update(architecture="rt9"), "architecture must be 'end_to_end'"),
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
