# SPDX-License-Identifier: Apache-2.0
import json
import types
from dataclasses import replace

import pytest
import torch

from vla_policy.action import ActionSpec
from vla_policy.backends import graphs, hardware, packages
from vla_policy.backends.auto import cache_file, choose
from vla_policy.backends.backend import Options
from vla_policy.backends.registry import KINDS, NAMES, find_kind, open_backend
from vla_policy.backends.trial import Trial
from vla_policy.checkpoint import CheckpointConfig, load_policy
from vla_policy.errors import BackendError
from vla_policy.models.config import EndToEndConfig

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 3)
SIZES = EndToEndConfig(
    image_height=32, image_width=40, horizon=3, vision_channels=8, fusion_dim=16
)
CPU, GPU = Options("cpu", 1), Options("cuda:1")
TRIAL = Trial("torch", 0.0, 0.0, 0.0, 1.0, 9.0, 9.5, 9.9, 100.0, 20.0, 300.0, 500)


@pytest.fixture
def directory(tmp_path):
    """A checkpoint as far as anybody looks before the weights are read."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    config = CheckpointConfig(SIZES, SPEC).to_dict()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def exported(directory):
    """Looks like an export that can run everything; its graphs hold nothing."""
    folder = directory / graphs.FOLDER
    folder.mkdir()
    names = (graphs.FLOAT32, graphs.FLOAT16, graphs.INT8, graphs.OPENVINO_INT8, graphs.REFERENCE)
    for name in names:
        (folder / name).write_bytes(b"")
    manifest = {"weights_sha256": graphs.file_hash(directory / "model.safetensors")}
    (folder / graphs.MANIFEST).write_text(json.dumps(manifest))
    return directory


def test_every_backend_has_a_name_of_its_own_and_a_tolerance_for_its_precision():
    assert len(set(NAMES)) == len(KINDS) + 1
    for kind in KINDS:
        reduced = any(word in kind.name for word in ("int8", "16"))
        assert kind.tolerance == (2e-2 if reduced else 1e-3)


def test_an_unknown_backend_is_refused_with_the_known_ones(directory):
    with pytest.raises(BackendError, match=r"no backend 'abacus': .*torch.*onnx.*tensorrt.*auto"):
        load_policy(directory, backend="abacus")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_missing_package_is_named_in_a_sentence(kind, exported, monkeypatch):
    monkeypatch.setattr(packages, "_is_there", lambda module: False)
    with pytest.raises(BackendError, match=rf"'{kind.name}' cannot run here: not installed: \w"):
        open_backend(kind.name, exported, GPU if kind.gpu else CPU)


def test_a_package_that_is_not_there_is_named_when_it_is_loaded(monkeypatch):
    monkeypatch.setitem(packages.INSTALLED_AS, "no_such_module", "no-such-package")
    with pytest.raises(BackendError, match="the trial needs the package no-such-package"):
        packages.load("no_such_module", "the trial")


def test_int8_says_that_nothing_of_a_network_is_quantised(directory, monkeypatch):
    from vla_policy.backends import torch_int8

    monkeypatch.setattr(
        packages, "load", lambda module, purpose: types.SimpleNamespace(quantization=None)
    )
    network = torch.nn.ModuleDict({"model": torch.nn.ModuleDict({"head": torch.nn.Linear(2, 2)})})
    monkeypatch.setattr(torch_int8, "load_deployment", lambda folder, options: network)
    with pytest.raises(BackendError, match=r"linear layers in model\.vision\..*of tiny has none"):
        torch_int8.open_backend("torch-int8", "int8", directory, CPU)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("openvino", GPU, "runs on the processor"),
        ("tensorrt", CPU, "runs on a GPU"),
        ("cuda-graph", CPU, "runs on a GPU"),
        ("torch-int8", GPU, "runs on the processor"),
    ],
)
def test_a_device_that_a_backend_does_not_run_on_is_refused(
    name, options, words, exported, monkeypatch
):
    monkeypatch.setattr(packages, "_is_there", lambda module: True)
    assert words in find_kind(name).obstacle(exported, options)


@pytest.mark.parametrize("name", ["torch-bf16", "openvino-bf16"])
@pytest.mark.parametrize(
    ("flags", "runs"),
    [("avx2 avx512f", False), ("avx512f avx512_bf16", True), ("avx512_bf16 amx_bf16", True)],
)
def test_bfloat16_is_for_processors_that_multiply_it(
    name, flags, runs, exported, monkeypatch, tmp_path
):
    monkeypatch.setattr(packages, "_is_there", lambda module: True)
    known = tmp_path / "cpuinfo"
    known.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(hardware, "_CPU_INFO", known)
    # Without what it remembers of the processor that is here.
    asked = hardware.multiplies_bfloat16.__wrapped__
    monkeypatch.setattr(hardware, "multiplies_bfloat16", asked)
    assert ("AVX512_BF16" not in find_kind(name).obstacle(exported, CPU)) is runs


def test_a_checkpoint_without_graphs_says_how_to_write_them(directory, monkeypatch):
    monkeypatch.setattr(packages, "_is_there", lambda module: True)
    with pytest.raises(BackendError, match=r"has no graphs/actions.onnx: write it with `vla exp"):
        load_policy(directory, backend="onnx")


def test_graphs_of_other_weights_are_refused(exported):
    assert graphs.obstacle(exported, graphs.FLOAT32) == ""
    with (exported / "model.safetensors").open("ab") as file:
        file.write(b" ")
    assert "exported from other weights" in graphs.obstacle(exported, graphs.FLOAT32)


def test_graphs_without_weights_are_not_for_torch(exported):
    (exported / "model.safetensors").unlink()
    assert graphs.obstacle(exported, graphs.FLOAT32) == ""
    with pytest.raises(BackendError, match="holds exported graphs and no weights"):
        load_policy(exported)


def tried(times, errors=None, failing=()):
    """Stands for trials in processes of their own; keeps the names that were tried."""
    names = []

    def attempt(kind, directory, options, reference, timeout_s):
        names.append(kind.name)
        if kind.name in failing:
            raise BackendError(f"{kind.name} failed: out of order")
        error = (errors or {}).get(kind.name, 0.0)
        return replace(TRIAL, backend=kind.name, p50_ms=times[kind.name], max_error=error)

    return attempt, names


@pytest.fixture
def everything(exported, monkeypatch):
    """A checkpoint on a machine with a processor and all packages."""
    monkeypatch.setattr(packages, "_is_there", lambda module: True)
    monkeypatch.setattr(hardware, "multiplies_bfloat16", lambda: True)
    times = {kind.name: 10.0 + place for place, kind in enumerate(KINDS)}
    return exported, times


def test_auto_takes_the_fastest(everything):
    directory, times = everything
    attempt, names = tried({**times, "openvino": 2.0})
    assert choose(directory, CPU, attempt) == "openvino"
    assert "torch" in names
    assert "torch-compile" not in names, "it takes a minute at each start"
    assert not {"tensorrt", "cuda-graph"} & set(names), "there is no GPU"


def test_auto_does_not_take_what_errs_too_much(everything):
    directory, times = everything
    times = {**times, "openvino-int8": 1.0, "onnx": 2.0, "openvino": 3.0}
    errors = {"openvino-int8": 0.021, "onnx": 0.0011, "openvino": 0.0009}
    assert choose(directory, CPU, tried(times, errors)[0]) == "openvino"


def test_auto_passes_over_what_fails(everything):
    directory, times = everything
    times = {**times, "onnx": 1.0, "openvino": 2.0}
    assert choose(directory, CPU, tried(times, failing={"onnx"})[0]) == "openvino"


def test_auto_measures_once(everything):
    directory, times = everything
    attempt, names = tried({**times, "onnx": 1.0})
    assert choose(directory, CPU, attempt) == "onnx"
    names.clear()
    assert choose(directory, CPU, attempt) == "onnx"
    assert names == []
    assert choose(directory, Options("cpu", 2), attempt) == "onnx"
    assert names != [], "another number of threads is another question"


def test_auto_measures_again_where_the_cache_is_damaged(everything):
    directory, times = everything
    attempt, names = tried({**times, "onnx": 1.0})
    choose(directory, CPU, attempt)
    names.clear()
    cache_file(directory, CPU).write_text('{"best": "abacus"}')
    assert choose(directory, CPU, attempt) == "onnx"
    assert names != []


def test_auto_says_why_nothing_is_fit(everything):
    directory, times = everything
    errors = dict.fromkeys(times, 0.5)
    with pytest.raises(BackendError, match=r"no backend.*openvino errs by 0.5.*onnx failed"):
        choose(directory, CPU, tried(times, errors, failing={"onnx"})[0])


def test_auto_without_a_reference_says_how_to_write_one(directory):
    with pytest.raises(BackendError, match=r"reference.npz.*`vla export`, or name a backend"):
        choose(directory, CPU)


@pytest.mark.parametrize(("version", "flags"), [("10.3.0", 2), ("11.0.0", 0)])
def test_tensorrt_is_asked_for_explicit_types(version, flags):
    from vla_policy.backends.tensorrt_engine import explicit_types

    creation = types.SimpleNamespace(STRONGLY_TYPED=1)
    trt = types.SimpleNamespace(__version__=version, NetworkDefinitionCreationFlag=creation)
    assert explicit_types(trt) == flags


def test_an_engine_is_kept_by_graph_gpu_and_version(tmp_path):
    from vla_policy.backends.tensorrt_engine import engine_file

    graph = tmp_path / "actions.onnx"
    graph.write_bytes(b"a")
    first = engine_file(graph, "NVIDIA H200", "10.3.0")
    assert "NVIDIA-H200-10.3.0" in first.name
    others = {engine_file(graph, "Orin", "10.3.0"), engine_file(graph, "NVIDIA H200", "11.0.0")}
    graph.write_bytes(b"b, another graph")
    others.add(engine_file(graph, "NVIDIA H200", "10.3.0"))
    assert len(others | {first}) == 4
