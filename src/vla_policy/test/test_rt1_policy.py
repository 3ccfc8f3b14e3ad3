# SPDX-License-Identifier: Apache-2.0
"""RT-1 as it drives: each image is encoded once, and the answers are those of whole histories."""

import dataclasses

import numpy as np
import pytest
import torch

from vla_policy.action import ActionSpec
from vla_policy.backends.backend import KNOWN, PAST, RANGES, TOKENS, Options
from vla_policy.backends.reference import record
from vla_policy.backends.registry import open_backend
from vla_policy.backends.rt1_deployment import RT1Deployment
from vla_policy.checkpoint import (
    CheckpointConfig,
    load_model,
    load_policy,
    policy_on,
    save_checkpoint,
)
from vla_policy.errors import ObservationError
from vla_policy.memory import LOST
from vla_policy.models.efficientnet import Film
from vla_policy.models.image_tokenizer import ImageTokenizer
from vla_policy.models.rt1 import RT1
from vla_policy.models.rt1_config import RT1Config
from vla_policy.observation import Observation
from vla_policy.rt1_policy import KEPT, RT1Policy, blank_inputs

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 4)
SMALL = RT1Config(
    image_height=48,
    image_width=64,
    history=3,
    horizon=4,
    language_dim=8,
    width=0.25,
    depth=0.5,
    stages=4,
    token_dim=32,
    image_tokens=4,
    layers=2,
    heads=2,
    head_dim=8,
)


@pytest.fixture
def directory(tmp_path):
    return saved(tmp_path / "tiny", SMALL)


def saved(folder, sizes):
    torch.manual_seed(0)
    model = RT1(sizes)
    for module in model.modules():
        if isinstance(module, Film):
            for value in module.parameters():
                torch.nn.init.normal_(value, std=0.1)
    torch.nn.init.normal_(model.decoder.head.weight, std=1.0)
    # What a look remembers would change the stage, and with it the tokens.
    torch.nn.init.zeros_(model.sight.weight)
    with torch.no_grad():
        model.sight.bias.copy_(torch.eye(6)[LOST])
    save_checkpoint(folder, model, CheckpointConfig(sizes, SPEC))
    return folder


def film(count, seed=0):
    """Images as a camera gives them."""
    return np.random.default_rng(seed).integers(0, 256, (count, 96, 128, 3), dtype=np.uint8)


def looks(frames, history, instruction="go to the red ball"):
    """The observations of a drive; what is before the first image is a copy of it."""
    padded = np.concatenate([np.repeat(frames[:1], history - 1, axis=0), frames])
    for number in range(len(frames)):
        state = np.array([0.1 * number, 0.0, 0.0], dtype=np.float32)
        yield Observation(padded[number : number + history], instruction, number, state)


@pytest.fixture
def encoded(monkeypatch):
    """The number of images in each call of the image tokenizer."""
    counts = []
    plain = ImageTokenizer.forward

    def forward(self, images, condition):
        counts.append(images.shape[0] * images.shape[1])
        return plain(self, images, condition)

    monkeypatch.setattr(ImageTokenizer, "forward", forward)
    return counts


def whole(directory, observation):
    """The network's actions for the whole history, normalised."""
    from vla_policy.image import resize_image

    model = load_model(directory)
    images = np.stack([resize_image(image, 48, 64) for image in observation.images])
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2)[None]
    state = torch.from_numpy(observation.state)[None]
    with torch.inference_mode():
        return model(pictures, [observation.instruction], state)[0].numpy()


def test_each_image_is_encoded_once(directory, encoded):
    policy = load_policy(directory)
    for observation in looks(film(8), 3):
        policy.act(observation)
    assert encoded == [1] * 8


def test_the_actions_are_those_of_the_whole_history(directory):
    policy = load_policy(directory)
    assert isinstance(policy, RT1Policy)
    for observation in looks(film(5), 3):
        actions = SPEC.normalise(policy.act(observation).actions)
        assert np.abs(actions - whole(directory, observation)).max() < 1e-5


def test_a_new_sentence_has_the_history_encoded_anew(directory, encoded):
    policy = load_policy(directory)
    first, second, third = looks(film(3), 3)
    for observation in (first, second, third):
        policy.act(observation)
    encoded.clear()
    again = dataclasses.replace(third, instruction="turn left")
    actions = SPEC.normalise(policy.act(again).actions)
    assert len(encoded) == 3
    assert np.abs(actions - whole(directory, again)).max() < 1e-5


def test_a_new_stage_has_the_history_encoded_anew(directory, encoded):
    policy = load_policy(directory)
    *_, last = looks(film(3), 3)
    policy.act(last)
    encoded.clear()
    policy.act(last)
    assert len(encoded) == 1
    policy.memory.stage = 1
    encoded.clear()
    policy.act(last)
    assert len(encoded) == 3


def test_images_between_the_looks_are_encoded_when_they_are_asked_for(directory, encoded):
    policy = load_policy(directory)
    observations = list(looks(film(6), 3))
    policy.act(observations[2])
    assert len(encoded) == 3
    actions = policy.act(observations[5]).actions
    assert len(encoded) == 6
    error = SPEC.normalise(actions) - whole(directory, observations[5])
    assert np.abs(error).max() < 1e-5


def test_no_more_tokens_are_kept_than_said(directory):
    policy = load_policy(directory)
    for observation in looks(film(KEPT + 5), 3):
        policy.act(observation)
    assert len(policy._tokens) == KEPT


def test_a_history_of_one_image_needs_no_past(tmp_path, encoded):
    sizes = dataclasses.replace(SMALL, history=1)
    folder = saved(tmp_path / "tiny", sizes)
    policy = load_policy(folder)
    assert not {PAST, KNOWN} & blank_inputs(sizes).keys()
    for observation in looks(film(3), 1):
        actions = SPEC.normalise(policy.act(observation).actions)
        assert np.abs(actions - whole(folder, observation)).max() < 1e-5


def test_another_number_of_images_is_refused(directory):
    with pytest.raises(ObservationError, match=r"looks at 3 image\(s\), got 2"):
        load_policy(directory).act(Observation(film(2), "stop", 0))


@pytest.mark.parametrize("surroundings", [False, True])
def test_a_deployment_gives_the_newest_tokens(surroundings):
    sizes = dataclasses.replace(SMALL, surroundings=surroundings)
    deployment = RT1Deployment(RT1(sizes)).eval()
    blank = blank_inputs(sizes)
    outputs = deployment(*(torch.from_numpy(blank[name]) for name in deployment.input_names))
    named = dict(zip(deployment.output_names, outputs, strict=True))
    assert named[TOKENS].shape == (1, *blank[PAST].shape[2:])
    assert (RANGES in named) == surroundings


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A checkpoint with graphs beside its weights."""
    for module in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(module, reason="a file of requirements/ is not installed")
    from vla_policy.backends.export import export

    folder = saved(tmp_path_factory.mktemp("rt1") / "tiny", SMALL)
    eager = open_backend("torch", folder, Options(threads=1))
    reference = record([looks(film(4), 3)], eager, lambda backend: policy_on(backend, folder))
    assert reference.inputs[PAST].shape == (4, 2, 4, 32)
    export(folder, folder, reference, reference, ("onnx",))
    return folder


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_an_export_drives_as_the_network_does(exported, backend):
    if backend == "openvino":
        pytest.importorskip("openvino")
    eager, other = (load_policy(exported, threads=1, backend=name) for name in ("torch", backend))
    *observations, last = looks(film(6), 3)
    for observation in (*observations, dataclasses.replace(last, instruction="turn left")):
        one, two = (SPEC.normalise(policy.act(observation).actions) for policy in (eager, other))
        assert np.abs(one - two).max() < 1e-3
