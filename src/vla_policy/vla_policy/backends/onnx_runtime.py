# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime, on the processor or through its CUDA provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_policy.backends import graphs, packages
from vla_policy.backends.backend import Arrays, Options, Outputs
from vla_policy.errors import BackendError

GRAPHS = {"float32": graphs.FLOAT32, "int8": graphs.INT8}


class OnnxBackend:
    """Runs an exported graph."""

    def __init__(self, name: str, session: Any) -> None:
        self.name = name
        self._session = session
        self._names = [output.name for output in session.get_outputs()]

    def run(self, inputs: Arrays) -> Outputs:
        """See `Backend`."""
        return dict(zip(self._names, self._session.run(self._names, inputs), strict=True))


def open_backend(name: str, variant: str, directory: Path, options: Options) -> OnnxBackend:
    """The exported graph of a checkpoint.

    Raises:
        BackendError: the graph or the runtime is missing, or the runtime refuses the graph.
    """
    path = graphs.path_of(directory, GRAPHS[variant])
    runtime = packages.load("onnxruntime", f"backend {name!r}")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = options.threads or 0
    # Threads that spin while they wait would take the processor from the rest of the robot.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = runtime.InferenceSession(str(path), settings, _providers(runtime, options))
    except Exception as error:  # the runtime's errors have no common base
        raise BackendError(f"ONNX Runtime refuses {path}: {error}") from error
    return OnnxBackend(name, session)


def _providers(runtime: Any, options: Options) -> list[Any]:
    if not options.on_gpu:
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in runtime.get_available_providers():
        raise BackendError(
            f"device {options.device!r} needs ONNX Runtime with CUDA: pip install onnxruntime-gpu"
        )
    number = int(options.device.partition(":")[2] or 0)
    return [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]
