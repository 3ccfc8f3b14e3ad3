# SPDX-License-Identifier: Apache-2.0
"""Columns of Arrow tables as NumPy arrays, and images out of them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Numbers ``[N]``.

    Raises:
        ValueError: a value is missing.
    """
    if column.null_count:
        raise ValueError(f"{column.null_count} of {len(column)} values are missing")
    return np.asarray(column.to_numpy())


def vectors(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Lists of one length, ``[N, length]``; numbers as ``[N, 1]``.

    Raises:
        ValueError: they differ in length, or one is missing.
    """
    if not pa.types.is_nested(column.type):
        return numbers(column)[:, None]
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    if len(lengths) > 1 or lengths == [None]:
        raise ValueError(f"expected lists of one length (got lengths {lengths})")
    flat = numbers(pc.list_flatten(column))
    return flat.reshape(len(column), lengths[0] if lengths else 0)


def decode_image(data: bytes | None) -> npt.NDArray[np.uint8]:
    """An encoded image as ``[H, W, 3]`` RGB.

    Raises:
        ValueError: it is none.
    """
    encoded = np.frombuffer(data or b"", dtype=np.uint8)
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    if image is None:
        raise ValueError("expected an encoded image (PNG or JPEG) in the column `bytes`")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
