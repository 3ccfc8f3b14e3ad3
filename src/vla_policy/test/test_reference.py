# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from vla_policy.action import ActionSpec
from vla_policy.backends import graphs
from vla_policy.backends.backend import Options
from vla_policy.backends.checking import refuse_wrong_answers
from vla_policy.backends.deployment import Deployment, to_tensors
from vla_policy.backends.reference import Reference, record
from vla_policy.backends.registry import open_backend
from vla_policy.checkpoint import CheckpointConfig, load_policy, policy_on, save_checkpoint
from vla_policy.errors import BackendError
from vla_policy.memory import MODES, SEEN
from vla_policy.model_policy import blank_inputs
from vla_policy.models.config import PARTS, EndToEndConfig
from vla_policy.models.end_to_end import EndToEndVLA, Look
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
    """Seeds are 100 ms apart."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (1, 48, 60, 3), dtype=np.uint8)
    state = rng.normal(size=3).astype(np.float32)
    return Observation(images, instruction, seed * 100_000_000, state)


def recorded(directory, *counts):
    """The answers of the checkpoint to drives of so many looks each."""
    eager = open_backend("torch", directory, CPU)
    drives = [[look(seed) for seed in range(count)] for count in counts]
    return record(drives, eager, lambda backend: policy_on(backend, directory))


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part, names in PARTS.items() for name in names]
)
def test_eager_answers_what_the_network_answers(tmp_path, part, name):
    sizes = replace(SIZES, **{part: name})
    torch.manual_seed(0)
    model = EndToEndVLA(sizes).eval()
    save_checkpoint(tmp_path / "tiny", model, CheckpointConfig(sizes, SPEC))
    reference = recorded(tmp_path / "tiny", 3)
    inputs = {name: torch.from_numpy(array) for name, array in reference.inputs.items()}
    with torch.inference_mode():
        images = inputs.pop("images").permute(0, 1, 4, 2, 3)
        actions = model(images, inputs.pop("language"), **inputs).numpy()
    assert np.abs(reference.actions - actions).max() < 1e-5


def does_the_first_part_at_once(monkeypatch):
    """A network that has the named thing before it, and stands as long as another part follows."""
    plain = EndToEndVLA.look

    def look(self, images, instructions, state, memory, stage):
        found = plain(self, images, instructions, state, memory, stage)
        rows = len(found.actions)
        mode = torch.zeros(rows, len(MODES))
        mode[:, SEEN] = 1.0
        return Look(
            found.actions * (stage > 0).view(-1, 1, 1),
            mode,
            torch.tensor([[2.0, 1.0]]).expand(rows, 2),
            1.0 - 2.0 * stage,
        )

    monkeypatch.setattr(EndToEndVLA, "look", look)


def test_what_is_remembered_is_asked_with_and_forgotten_when_a_drive_begins(
    directory, monkeypatch
):
    does_the_first_part_at_once(monkeypatch)
    reference = recorded(directory, 7, 2)
    known = reference.inputs["memory"][:, 0]
    assert known.tolist() == [0, 1, 1, 1, 1, 1, 0, 0, 1]
    assert reference.inputs["stage"].tolist() == [0] * 6 + [1] + [0] * 2
    assert reference.inputs["language"].any(axis=(1, 2)).all()


def test_a_policy_stands_still_before_the_next_part(directory, monkeypatch):
    policy = load_policy(directory)
    does_the_first_part_at_once(monkeypatch)
    assert all(not policy.act(look(seed)).actions.any() for seed in range(6))
    assert policy.memory.stage == 1
    assert policy.act(look(6)).actions.any()


@pytest.mark.parametrize(("surroundings", "left_out"), [(False, 1), (True, 0)])
def test_a_deployment_gives_all_that_the_network_makes_of_a_look(surroundings, left_out):
    sizes = replace(SIZES, surroundings=surroundings)
    deployment = Deployment(EndToEndVLA(sizes)).eval()
    inputs = blank_inputs(sizes)
    given = deployment(*to_tensors(inputs, deployment.input_names, "cpu"))
    assert deployment.output_names == Look._fields[: len(Look._fields) - left_out]
    assert len(given) == len(deployment.output_names)


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


def test_the_first_rows_of_a_reference_can_be_read_alone(directory, tmp_path):
    reference = recorded(directory, 4)
    reference.save(tmp_path / "x.npz")
    for most, there in ((0, 0), (3, 3), (9, 4)):
        again = Reference.load(tmp_path / "x.npz", most)
        assert len(again) == there
        assert np.array_equal(again.actions, reference.actions[:most])
        for name, array in reference.inputs.items():
            assert np.array_equal(again.inputs[name], array[:most])


def test_a_damaged_reference_is_told_in_words(directory, tmp_path):
    path = tmp_path / "x.npz"
    recorded(directory, 2).save(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for damaged in (b"", b"no archive", whole[:middle], whole[:99] + b"?" * 99 + whole[198:]):
        path.write_bytes(damaged)
        with pytest.raises(BackendError, match=r"cannot be read .* write it with `vla export`"):
            Reference.load(path)


class Answers:
    """A backend that answers as the reference does, but for some of its first rows."""

    name = "abacus"

    def __init__(self, reference, wrong, by):
        self.left = [
            answer + (by if row < wrong else 0) for row, answer in enumerate(reference.actions)
        ]

    def run(self, inputs):
        return {"actions": self.left.pop(0)[None]}


def put_beside(directory, reference, weights=None):
    """As an export of these weights does; of those in the directory where None."""
    folder = directory / graphs.FOLDER
    folder.mkdir(exist_ok=True)
    reference.save(folder / graphs.REFERENCE)
    manifest = {"weights_sha256": weights or graphs.identity(directory)}
    (folder / graphs.MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("by", [0.3, np.nan])
def test_a_backend_that_answers_otherwise_than_the_network_does_not_drive(by, directory):
    reference = recorded(directory, 20)
    refuse_wrong_answers(Answers(reference, 20, by), directory)  # nothing to compare with
    put_beside(directory, reference, "of other weights")
    refuse_wrong_answers(Answers(reference, 20, by), directory)
    put_beside(directory, reference)
    refuse_wrong_answers(Answers(reference, 0, 0.0), directory)
    refuse_wrong_answers(Answers(reference, 20, 0.05), directory)
    refuse_wrong_answers(Answers(reference, 4, by), directory)  # as rounding may do
    with pytest.raises(BackendError, match=r"'abacus' gives other actions .* in 5 of 16"):
        refuse_wrong_answers(Answers(reference, 5, by), directory)


def test_a_policy_is_not_loaded_with_such_a_backend(directory):
    reference = recorded(directory, 3)
    put_beside(directory, Reference(reference.inputs, reference.actions + 0.5))
    with pytest.raises(BackendError, match="'torch' gives other actions"):
        load_policy(directory)


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
