# SPDX-License-Identifier: Apache-2.0
"""Messages between a robot and a policy elsewhere: msgpack, with arrays as openpi packs them.

An array is a map of its raw bytes, dtype and shape (the keys of openpi's `msgpack_numpy`). Only
numbers travel: what is read makes no objects and runs no code.
"""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np

from vla_policy.errors import RemoteError

MAX_BYTES = 64 * 2**20
"""Longest message [bytes]: some dozens of large images."""

_ARRAY, _DATA, _DTYPE, _SHAPE = b"__ndarray__", b"data", b"dtype", b"shape"
_NUMBERS = "biuf"


def packed(message: dict[str, Any]) -> bytes:
    """A message of plain values and arrays of numbers as bytes."""
    return bytes(msgpack.packb(message, default=_from_array))


def unpacked(data: bytes | str) -> dict[str, Any]:
    """The message that `packed` made.

    Raises:
        RemoteError: it is text, damaged, or holds something else.
    """
    if isinstance(data, str):
        raise RemoteError(f"the other side says: {' '.join(data.split())[-500:]}")
    try:
        message = msgpack.unpackb(data, object_hook=_to_array, strict_map_key=False)
    except RemoteError:
        raise
    except Exception as error:  # msgpack raises a dozen kinds
        raise RemoteError(f"a message cannot be read: {error}") from error
    if not isinstance(message, dict):
        raise RemoteError(f"expected a message that is a map, got {type(message).__name__}")
    return message


def _from_array(value: Any) -> dict[bytes, Any]:
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in _NUMBERS:
        raise RemoteError(f"cannot send a {type(value).__name__}: expected arrays of numbers")
    data = np.ascontiguousarray(value).tobytes()
    return {_ARRAY: True, _DATA: data, _DTYPE: value.dtype.str, _SHAPE: value.shape}


def _to_array(value: dict[Any, Any]) -> Any:
    if _ARRAY not in value:
        return value
    dtype = np.dtype(value[_DTYPE])
    if dtype.kind not in _NUMBERS:
        raise RemoteError(f"expected an array of numbers, got dtype {dtype}")
    return np.frombuffer(value[_DATA], dtype).reshape(value[_SHAPE])
