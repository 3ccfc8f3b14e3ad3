# SPDX-License-Identifier: Apache-2.0
"""Reads a safetensors file without copying it: of 90 MB only the pages that are used are loaded.

The format: eight bytes with the length of a JSON header, the header with type, shape and place
of each tensor, then the tensors (https://huggingface.co/docs/safetensors, "Format").
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

_TYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32}


def map_safetensors(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """The tensors of a file by name, as read-only arrays over the mapped file.

    Raises:
        ValueError: the file is cut off, or a tensor has a type that is not read here.
        OSError: it cannot be opened.
    """
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    length = int.from_bytes(mapped[:8].tobytes(), "little")
    if 8 + length > len(mapped):
        raise ValueError(f"the header needs {length} bytes, the file has {len(mapped)}")
    header = json.loads(mapped[8 : 8 + length].tobytes())
    body = mapped[8 + length :]
    return {
        name: _tensor(body, name, place)
        for name, place in header.items()
        if name != "__metadata__"
    }


def _tensor(
    body: npt.NDArray[np.uint8], name: str, place: dict[str, object]
) -> npt.NDArray[np.generic]:
    kind, shape, offsets = place["dtype"], place["shape"], place["data_offsets"]
    assert isinstance(shape, list) and isinstance(offsets, list)
    if kind not in _TYPES:
        raise ValueError(f"{name} has the type {kind}; read are {', '.join(_TYPES)}")
    if offsets[1] > len(body):
        raise ValueError(f"{name} ends at byte {offsets[1]}, the file at {len(body)}")
    return body[offsets[0] : offsets[1]].view(_TYPES[str(kind)]).reshape(shape)
