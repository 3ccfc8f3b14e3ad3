# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
import torch

from vla_policy.action import ActionSpec
from vla_policy.backends.backend import Options
from vla_policy.backends.reference import Reference, record
from vla_policy.backends.registry import open_backend
from vla_policy.checkpoint import CheckpointConfig, load_policy, policy_on, save_checkpoint
from vla_policy.errors import BackendError
from vla_policy.model_policy import blank_inputs
from vla_policy.models.config import DECODER_NAMES, EndToEndConfig
from vla_policy.models.decoder import DECODERS
from vla_policy.models.end_to_end import EndToEndVLA
from vla_policy.observation import Observation

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 3)
SIZES = EndToEndConfig(
    image_height=32, image_width=40, horizon=3, vision_channels=8, fusion_dim=16
)
CPU = Options("cpu", 1)


@pytest.fixture
def directory(tmp_path):
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(SIZES), CheckpointConfig(SIZES, SPEC))
    return tmp_path / "tiny"


def look(seed=0, instruction="turn left"):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (1, 48, 60, 3), dtype=np.uint8)
    return Observation(images, instruction, seed, rng.normal(size=3).astype(np.float32))


def recorded(directory, count):
    """The answers of the checkpoint to so many looks."""
    eager = open_backend("torch", directory, CPU)
    views = [look(seed) for seed in range(count)]
    return record(views, eager, lambda backend: policy_on(backend, directory))


def test_names_of_decoders_are_the_same_with_and_without_torch():
    assert tuple(DECODERS) == DECODER_NAMES


@pytest.mark.parametrize("decoder", DECODER_NAMES)
def test_eager_answers_what_the_network_answers(tmp_path, decoder):
    sizes = replace(SIZES, decoder=decoder)
    torch.manual_seed(0)
    model = EndToEndVLA(sizes).eval()
    save_checkpoint(tmp_path / "tiny", model, CheckpointConfig(sizes, SPEC))
    reference = recorded(tmp_path / "tiny", 3)
    inputs = {name: torch.from_numpy(array) for name, array in reference.inputs.items()}
    with torch.inference_mode():
        images = inputs["images"].permute(0, 1, 4, 2, 3)
        actions = model(images, inputs["embedding"], inputs["state"]).numpy()
    assert np.abs(reference.actions - actions).max() < 1e-5


def test_a_policy_knows_what_runs_it(directory):
    assert load_policy(directory).backend == "torch"


def test_a_reference_is_read_as_it_was_written(directory, tmp_path):
    reference = recorded(directory, 2)
    reference.save(tmp_path / "x.npz")
    again = Reference.load(tmp_path / "x.npz")
    assert np.array_equal(again.actions, reference.actions)
    assert again.inputs.keys() == reference.inputs.keys() == blank_inputs(SIZES).keys()
    for name, array in reference.inputs.items():
        assert np.array_equal(again.inputs[name], array)
    assert len(again.first(1)) == 1


def test_rows_of_a_reference_have_the_shapes_that_a_backend_takes(directory):
    blank = blank_inputs(SIZES)
    rows = list(recorded(directory, 3).rows())
    assert len(rows) == 3
    for row in rows:
        assert {name: (array.shape, array.dtype) for name, array in row.items()} == {
            name: (array.shape, array.dtype) for name, array in blank.items()
        }


def test_a_reference_of_nothing_is_refused(directory):
    with pytest.raises(BackendError, match="at least one observation"):
        recorded(directory, 0)
