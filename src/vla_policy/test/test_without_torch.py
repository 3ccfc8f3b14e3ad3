# SPDX-License-Identifier: Apache-2.0
"""An exported checkpoint on a robot without torch: each test asks a process of its own."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from vla_policy.action import ActionSpec
from vla_policy.backends.backend import Options
from vla_policy.backends.reference import record
from vla_policy.backends.registry import find_kind, open_backend
from vla_policy.checkpoint import CheckpointConfig
from vla_policy.models.config import PARTS, EndToEndConfig
from vla_policy.observation import Observation

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 3)
MAX_MEMORY_MB = 300

DRIVE = """
import sys
import numpy as np
from vla_policy.checkpoint import load_policy
from vla_policy.observation import Observation

folder, backend = sys.argv[1:]
policy = load_policy(folder, backend=backend, threads=1)
images = np.random.default_rng(0).integers(0, 256, (1, 48, 60, 3), dtype=np.uint8)
for sentence in ("go to the red ball", "turn left", "turn left"):
    chunk = policy.act(Observation(images, sentence, stamp=7))
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
assert "openvino.tools.ovc" not in sys.modules
print(policy.backend, "torch" in sys.modules, int(status["VmHWM"].split()[0]) / 1024)
print(*chunk.actions.ravel().tolist())
"""


NETWORKS = (
    ("conv", "minilm", "cross_attention", "binned"),
    ("vit", "transformer", "film", "flow"),
    ("conv", "minilm", "concatenation", "regression"),
)
"""Each part of `PARTS` in one of them."""


def sizes(vision, language, fusion, decoder):
    return EndToEndConfig(
        vision=vision,
        language=language,
        fusion=fusion,
        decoder=decoder,
        image_height=32,
        image_width=40,
        horizon=3,
        vision_channels=8,
        fusion_dim=16,
        surroundings=decoder == "binned",
    )


def test_every_part_is_exported():
    assert {name for network in NETWORKS for name in network} == {
        name for names in PARTS.values() for name in names
    }


@pytest.fixture(scope="module", params=NETWORKS, ids="-".join)
def exported(request, tmp_path_factory):
    """A small checkpoint with weights, and its export without them."""
    for module in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(module, reason="a file of requirements/ is not installed")
    import torch

    from vla_policy.backends.export import export
    from vla_policy.checkpoint import policy_on, save_checkpoint
    from vla_policy.models.end_to_end import EndToEndVLA

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("-".join(request.param))
    config = CheckpointConfig(sizes(*request.param), SPEC)
    save_checkpoint(folder / "tiny", EndToEndVLA(config.model), config)
    rng = np.random.default_rng(0)
    views = [
        Observation(rng.integers(0, 256, (1, 48, 60, 3), dtype=np.uint8), "turn left", stamp)
        for stamp in range(8)
    ]
    eager = open_backend("torch", folder / "tiny", Options(threads=1))
    reference = record([views], eager, lambda backend: policy_on(backend, folder / "tiny"))
    export(folder / "tiny", folder / "graphs_only", reference, reference, ("onnx",))
    return folder


def drive(folder, backend):
    done = subprocess.run(
        [sys.executable, "-c", DRIVE, str(folder), backend],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    name, torch_loaded, memory_mb = first.split()
    return name, torch_loaded == "True", float(memory_mb), np.array(second.split(), dtype=float)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_an_export_drives_without_torch_and_within_its_memory(exported, backend):
    if backend == "openvino":
        pytest.importorskip("openvino")
    name, torch_loaded, memory_mb, actions = drive(exported / "graphs_only", backend)
    assert name == backend
    assert not torch_loaded
    assert memory_mb < MAX_MEMORY_MB
    eager = drive(exported / "tiny", "torch")
    assert eager[1]
    assert np.abs(actions - eager[3]).max() < 1e-3


def test_what_openvino_compiled_is_kept_and_made_anew_where_it_is_damaged(exported, cache):
    pytest.importorskip("openvino")
    *_, first = drive(exported / "graphs_only", "openvino")
    (kept,) = (cache / "openvino" / "f32").iterdir()
    whole = kept.stat()
    *_, again = drive(exported / "graphs_only", "openvino")
    assert kept.stat().st_mtime_ns == whole.st_mtime_ns
    kept.chmod(0o600)
    os.truncate(kept, whole.st_size // 2)
    *_, mended = drive(exported / "graphs_only", "openvino")
    assert kept.stat().st_size == whole.st_size
    assert first.tolist() == again.tolist() == mended.tolist()


def test_what_openvino_compiled_in_float32_is_not_taken_for_bfloat16(exported, cache):
    folder = exported / "graphs_only"
    obstacle = find_kind("openvino-bf16").obstacle(folder, Options())
    if obstacle:
        pytest.skip(obstacle)
    *_, alone = drive(folder, "openvino-bf16")
    shutil.rmtree(cache)
    *_, full = drive(folder, "openvino")
    *_, reduced = drive(folder, "openvino-bf16")
    assert reduced.tolist() == alone.tolist() != full.tolist()


def test_openvino_runs_where_nothing_can_be_kept(exported, cache):
    pytest.importorskip("openvino")
    cache.write_text("no folder")
    name, *_ = drive(exported / "graphs_only", "openvino")
    assert name == "openvino"


def test_choosing_a_backend_loads_no_torch_either(exported):
    name, torch_loaded, memory_mb, _ = drive(exported / "graphs_only", "auto")
    assert name in ("onnx", "openvino", "openvino-bf16")
    assert not torch_loaded
    assert memory_mb < MAX_MEMORY_MB


def test_an_export_holds_no_weights_and_names_those_it_was_made_from(exported):
    from vla_policy.backends import graphs

    folder = exported / "graphs_only"
    assert not (folder / "model.safetensors").exists()
    assert graphs.identity(folder) == graphs.file_hash(exported / "tiny" / "model.safetensors")
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
