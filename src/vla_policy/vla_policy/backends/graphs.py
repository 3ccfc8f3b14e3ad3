# SPDX-License-Identifier: Apache-2.0
"""Where the exported graphs of a checkpoint lie, and whether they belong to its weights."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from vla_policy.errors import BackendError

FOLDER = "graphs"
FLOAT32 = "actions.onnx"
FLOAT16 = "actions.fp16.onnx"
INT8 = "actions.int8.onnx"
OPENVINO_INT8 = "actions.int8.xml"
REFERENCE = "reference.npz"
MANIFEST = "export.json"
_WEIGHTS = "model.safetensors"
_HOW = "write it with `vla export`"


def path_of(directory: Path, graph: str) -> Path:
    """File of a graph of the checkpoint in `directory`.

    Raises:
        BackendError: it is not there, or was made from other weights than those beside it.
    """
    reason = obstacle(directory, graph)
    if reason:
        raise BackendError(reason)
    return directory / FOLDER / graph


def obstacle(directory: Path, graph: str) -> str:
    """Why a graph cannot be used, in a sentence; empty where it can, or where none is needed."""
    weights = directory / _WEIGHTS
    if not graph:
        # What is wrong with weights that are missing, their reader says best.
        return _no_weights(directory) if not weights.is_file() else ""
    if not (directory / FOLDER / graph).is_file():
        return f"the checkpoint {directory} has no {FOLDER}/{graph}: {_HOW}"
    if weights.is_file() and read_manifest(directory).get("weights_sha256") != file_hash(weights):
        return f"{directory / FOLDER} was exported from other weights than {weights}: {_HOW}"
    return ""


def read_manifest(directory: Path) -> dict[str, Any]:
    """What is known about the export of a checkpoint; empty where there is none."""
    try:
        values = json.loads((directory / FOLDER / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def identity(directory: Path) -> str:
    """A name for the weights of a checkpoint, whether they are there or only their graphs."""
    weights = directory / _WEIGHTS
    if weights.is_file():
        return file_hash(weights)
    return str(read_manifest(directory).get("weights_sha256", "unknown"))


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    status = path.stat()
    return _hash(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=16)
def _hash(path: Path, changed_ns: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _no_weights(directory: Path) -> str:
    if (directory / FOLDER).is_dir():
        return (
            f"the checkpoint {directory} holds exported graphs and no weights: "
            "choose the backend onnx, openvino or auto"
        )
    return ""
