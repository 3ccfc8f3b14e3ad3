# SPDX-License-Identifier: Apache-2.0
"""OpenVINO on the processor.

Where the processor has AMX, OpenVINO takes bfloat16 unless it is told otherwise: the precision
is always said.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from vla_policy.backends import graphs, packages
from vla_policy.backends.backend import Arrays, Options, Outputs
from vla_policy.backends.cache import cache_folder
from vla_policy.errors import BackendError

GRAPHS = {
    "float32": graphs.FLOAT32,
    "bfloat16": graphs.FLOAT32,
    "int8": graphs.OPENVINO_INT8,
}
PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}
"""Of what is not quantised."""
CONVERTER = "openvino.tools.ovc"
"""What makes graphs of other formats, and tells their makers of it over the network."""


class OpenVinoBackend:
    """Runs a compiled graph by one request that keeps its memory."""

    def __init__(self, name: str, compiled: Any) -> None:
        self.name = name
        self._request = compiled.create_infer_request()
        # What is also used within the graph may have another name beside its own.
        self._names = [sorted(output.get_names()) for output in compiled.outputs]

    def run(self, inputs: Arrays) -> Outputs:
        """See `Backend`."""
        self._request.infer(inputs)
        # Copies, since the next inference writes into the same memory.
        return {
            name: np.array(self._request.get_tensor(name).data)
            for names in self._names
            for name in names
        }


def open_backend(name: str, variant: str, directory: Path, options: Options) -> OpenVinoBackend:
    """The exported graph of a checkpoint, compiled for this processor.

    Raises:
        BackendError: the graph or OpenVINO is missing, or OpenVINO refuses the graph.
    """
    path = graphs.path_of(directory, GRAPHS[variant])
    core = _load(f"backend {name!r}").Core()
    settings: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": PRECISIONS[variant],
        "PERFORMANCE_HINT": "LATENCY",
    }
    if options.threads is not None:
        settings["INFERENCE_NUM_THREADS"] = options.threads
    kept = _cache(PRECISIONS[variant])
    if kept is not None:
        settings["CACHE_DIR"] = str(kept)
    try:
        # By its path: what is kept is found without the graph being read.
        return OpenVinoBackend(name, core.compile_model(path, "CPU", settings))
    except RuntimeError as error:
        raise BackendError(f"OpenVINO refuses {path}: {error}") from error


def _load(purpose: str) -> ModuleType:
    """The package without its converter, which takes more than half of the time to import it."""
    if "openvino" in sys.modules:
        return packages.load("openvino", purpose)
    sys.modules[CONVERTER] = None  # type: ignore[assignment]  # an import of it fails
    try:
        return packages.load("openvino", purpose)
    finally:
        del sys.modules[CONVERTER]


def _cache(precision: str) -> Path | None:
    """Folder for compiled graphs, which OpenVINO keeps by file, time, processor and version.

    One for each precision: OpenVINO (2026.4) takes what it compiled in float32 for bfloat16 as
    well, and then answers wrongly.
    """
    folder = cache_folder() / "openvino" / precision
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
