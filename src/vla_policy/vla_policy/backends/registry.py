# SPDX-License-Identifier: Apache-2.0
"""The table of backends."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from vla_policy.backends import graphs, hardware, packages
from vla_policy.backends.backend import Backend, Options
from vla_policy.errors import BackendError

AUTO = "auto"
FULL, REDUCED = 1e-3, 2e-2
"""How far normalised actions may lie from those of eager float32."""


@dataclass(frozen=True)
class Kind:
    """One backend.

    Attributes:
        name: what the parameter ``backend`` calls it.
        module: file of this package whose ``open_backend`` makes it.
        variant: what that function is told, where one file holds several.
        tolerance: how far its actions may lie from those of eager float32.
        description: one line for people.
        modules: optional modules that it needs.
        graph: file of an export that it runs; empty where it runs the weights.
        gpu: whether it runs on a GPU (True), on the processor (False), or on either (None).
        bfloat16: whether it is of use only where bfloat16 is multiplied in hardware.
        slow_start: whether each start takes so long that it must be asked for by name.
    """

    name: str
    module: str
    variant: str
    tolerance: float
    description: str
    modules: tuple[str, ...]
    graph: str = ""
    gpu: bool | None = False
    bfloat16: bool = False
    slow_start: bool = False

    def obstacle(self, directory: Path, options: Options) -> str:
        """Why it cannot run this checkpoint here, in a sentence; empty where it can."""
        lacking = packages.missing(self.modules)
        if lacking:
            return f"not installed: {', '.join(lacking)} (see requirements/)"
        if self.gpu is not None and self.gpu != options.on_gpu:
            return f"runs on {'a GPU' if self.gpu else 'the processor'} (device: {options.device})"
        if self.bfloat16 and not options.on_gpu and not hardware.multiplies_bfloat16():
            return "bfloat16 is slower than float32 without AMX or AVX512_BF16"
        return graphs.obstacle(directory, self.graph)


KINDS = (
    Kind("torch", "torch_eager", "float32", FULL, "PyTorch", ("torch",), gpu=None),
    Kind(
        "torch-bf16",
        "torch_eager",
        "bfloat16",
        REDUCED,
        "PyTorch, bfloat16 where it does no harm",
        ("torch",),
        gpu=None,
        bfloat16=True,
    ),
    Kind(
        "torch-compile",
        "torch_compile",
        "",
        FULL,
        "PyTorch, compiled at each start",
        ("torch",),
        gpu=None,
        slow_start=True,
    ),
    Kind(
        "torch-int8",
        "torch_int8",
        "",
        REDUCED,
        "PyTorch, linear layers in int8 (torchao)",
        ("torch", "torchao"),
    ),
    Kind(
        "cuda-graph",
        "cuda_graph",
        "",
        FULL,
        "PyTorch, the whole network launched at once",
        ("torch",),
        gpu=True,
    ),
    Kind(
        "onnx",
        "onnx_runtime",
        "float32",
        FULL,
        "ONNX Runtime",
        ("onnxruntime",),
        graphs.FLOAT32,
        None,
    ),
    Kind(
        "onnx-int8",
        "onnx_runtime",
        "int8",
        REDUCED,
        "ONNX Runtime, convolutions in int8",
        ("onnxruntime",),
        graphs.INT8,
    ),
    Kind(
        "openvino",
        "openvino_runtime",
        "float32",
        FULL,
        "OpenVINO",
        ("openvino",),
        graphs.FLOAT32,
    ),
    Kind(
        "openvino-bf16",
        "openvino_runtime",
        "bfloat16",
        REDUCED,
        "OpenVINO, bfloat16",
        ("openvino",),
        graphs.FLOAT32,
        bfloat16=True,
    ),
    Kind(
        "openvino-int8",
        "openvino_runtime",
        "int8",
        REDUCED,
        "OpenVINO, int8 (NNCF)",
        ("openvino",),
        graphs.OPENVINO_INT8,
    ),
    Kind(
        "tensorrt",
        "tensorrt_engine",
        "float32",
        FULL,
        "TensorRT",
        ("tensorrt", "cuda.bindings.runtime"),
        graphs.FLOAT32,
        gpu=True,
    ),
    Kind(
        "tensorrt-fp16",
        "tensorrt_engine",
        "float16",
        REDUCED,
        "TensorRT, half precision",
        ("tensorrt", "cuda.bindings.runtime"),
        graphs.FLOAT16,
        gpu=True,
    ),
)

_BY_NAME = {kind.name: kind for kind in KINDS}
NAMES = (*_BY_NAME, AUTO)


def find_kind(name: str) -> Kind:
    """The backend of that name.

    Raises:
        BackendError: there is none.
    """
    if name not in _BY_NAME:
        raise BackendError(f"no backend {name!r}: expected one of {', '.join(NAMES)}")
    return _BY_NAME[name]


def open_backend(name: str, directory: Path, options: Options) -> Backend:
    """The network of the checkpoint in `directory`, ready to run.

    Raises:
        BackendError: the backend is unknown or cannot run here; the text says what is missing.
        CheckpointError: the checkpoint is damaged.
    """
    if name == AUTO:
        from vla_policy.backends.auto import choose

        name = choose(directory, options)
    kind = find_kind(name)
    obstacle = kind.obstacle(directory, options)
    if obstacle:
        raise BackendError(f"backend {name!r} cannot run here: {obstacle}")
    module = importlib.import_module(f"vla_policy.backends.{kind.module}")
    backend: Backend = module.open_backend(kind.name, kind.variant, directory, options)
    return backend
