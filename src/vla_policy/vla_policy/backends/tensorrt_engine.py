# SPDX-License-Identifier: Apache-2.0
"""TensorRT, versions 10 (Jetsons) and 11: an engine for this GPU, kept on disk.

Version 11 knows only networks whose types are explicit; in version 10 that is asked for by a
flag. So both are given a graph that says its types, and no builder flag chooses a precision.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.backends import graphs, packages
from vla_policy.backends.backend import Arrays, Options, Outputs
from vla_policy.backends.cache import cache_folder
from vla_policy.errors import BackendError

GRAPHS = {"float32": graphs.FLOAT32, "float16": graphs.FLOAT16}


class TensorRtBackend:
    """Runs an engine on a stream of its own, from buffers that are kept."""

    def __init__(self, name: str, trt: Any, cuda: Any, engine: Any) -> None:
        """`trt` and `cuda` are the modules tensorrt and cuda.bindings.runtime."""
        self.name = name
        self._cuda = cuda
        self._engine = engine  # the context needs it to stay
        self._context = engine.create_execution_context()
        self._stream = _checked(cuda, cuda.cudaStreamCreate())
        self._places: dict[str, int] = {}
        self._inputs: list[str] = []
        self._outputs: Outputs = {}
        for tensor in (engine.get_tensor_name(i) for i in range(engine.num_io_tensors)):
            if engine.get_tensor_mode(tensor) == trt.TensorIOMode.INPUT:
                self._inputs.append(tensor)
            else:
                self._outputs[tensor] = self._blank(trt, tensor)
            self._allocate(trt, tensor)

    def run(self, inputs: Arrays) -> Outputs:
        """See `Backend`."""
        cuda, directions = self._cuda, self._cuda.cudaMemcpyKind
        # Kept until the stream has caught up: a copy made here would be freed before it is read.
        arrays = {name: np.ascontiguousarray(inputs[name]) for name in self._inputs}
        for name, array in arrays.items():
            place = self._places[name]
            self._copy(place, array.ctypes.data, array, directions.cudaMemcpyHostToDevice)
        if not self._context.execute_async_v3(self._stream):
            raise BackendError(f"backend {self.name!r}: TensorRT could not run the engine")
        for name, array in self._outputs.items():
            place = self._places[name]
            self._copy(array.ctypes.data, place, array, directions.cudaMemcpyDeviceToHost)
        _checked(cuda, cuda.cudaStreamSynchronize(self._stream))
        return {name: array.copy() for name, array in self._outputs.items()}

    def close(self) -> None:
        """Give the memory on the GPU back."""
        for place in self._places.values():
            self._cuda.cudaFree(place)
        self._places.clear()

    def _blank(self, trt: Any, tensor: str) -> npt.NDArray[Any]:
        dtype: npt.DTypeLike = trt.nptype(self._engine.get_tensor_dtype(tensor))
        return np.empty(tuple(self._engine.get_tensor_shape(tensor)), dtype=dtype)

    def _allocate(self, trt: Any, tensor: str) -> None:
        size = self._blank(trt, tensor).nbytes
        self._places[tensor] = _checked(self._cuda, self._cuda.cudaMalloc(size))
        self._context.set_tensor_address(tensor, self._places[tensor])

    def _copy(self, target: int, source: int, array: npt.NDArray[Any], direction: Any) -> None:
        _checked(
            self._cuda,
            self._cuda.cudaMemcpyAsync(target, source, array.nbytes, direction, self._stream),
        )


def open_backend(name: str, variant: str, directory: Path, options: Options) -> TensorRtBackend:
    """The exported graph of a checkpoint as an engine; the first time takes a minute to build.

    Raises:
        BackendError: a package or the GPU is missing, or TensorRT refuses the graph.
    """
    path = graphs.path_of(directory, GRAPHS[variant])
    trt = packages.load("tensorrt", f"backend {name!r}")
    cuda = packages.load("cuda.bindings.runtime", f"backend {name!r}")
    number = int(options.device.partition(":")[2] or 0)
    _checked(cuda, cuda.cudaSetDevice(number))
    logger = trt.Logger(trt.Logger.ERROR)
    kept = engine_file(path, _gpu_name(cuda, number), trt.__version__)
    if not kept.is_file():
        _keep(kept, build_engine(trt, logger, path))
    engine = trt.Runtime(logger).deserialize_cuda_engine(kept.read_bytes())
    if engine is None:
        kept.unlink()
        raise BackendError(f"TensorRT could not read {kept}; it is removed: start again")
    return TensorRtBackend(name, trt, cuda, engine)


def build_engine(trt: Any, logger: Any, path: Path) -> bytes:
    """The serialised engine of a graph for the present GPU.

    Raises:
        BackendError: TensorRT refuses the graph.
    """
    builder = trt.Builder(logger)
    network = builder.create_network(explicit_types(trt))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(path.read_bytes()):
        errors = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise BackendError(f"TensorRT refuses {path}: {errors}")
    plan = builder.build_serialized_network(network, builder.create_builder_config())
    if plan is None:
        raise BackendError(f"TensorRT could not build an engine from {path}")
    return bytes(plan)


def explicit_types(trt: Any) -> int:
    """The flag that has a network keep the types of its graph; version 11 always does."""
    if int(trt.__version__.split(".")[0]) >= 11:
        return 0
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)


def engine_file(graph: Path, gpu: str, version: str) -> Path:
    """Where the engine of a graph is kept: it fits one GPU and one version of TensorRT."""
    machine = "".join(letter if letter.isalnum() else "-" for letter in gpu)
    name = f"{graphs.file_hash(graph)[:16]}-{machine}-{version}.engine"
    return cache_folder() / "tensorrt" / name


def _keep(path: Path, plan: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(plan)
    Path(file.name).replace(path)


def _gpu_name(cuda: Any, number: int) -> str:
    properties = _checked(cuda, cuda.cudaGetDeviceProperties(number))
    return str(properties.name.decode() if isinstance(properties.name, bytes) else properties.name)


def _checked(cuda: Any, answer: tuple[Any, ...]) -> Any:
    """What a call of the CUDA runtime gives, its error code taken off.

    Raises:
        BackendError: the call failed.
    """
    code, *values = answer
    if code != cuda.cudaError_t.cudaSuccess:
        raise BackendError(f"the GPU cannot be used: {code}")
    return values[0] if values else None
