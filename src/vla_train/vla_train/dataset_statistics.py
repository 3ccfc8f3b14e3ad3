# SPDX-License-Identifier: Apache-2.0
"""The statistics of a data set that policies normalise by: `meta/stats.json`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vla_train.columns import decode_image, vectors
from vla_train.layout import IMAGE_KEY

IMAGE_EVERY = 50
"""One image of so many is looked at, and of that one pixel of `PIXEL_EVERY` each way."""
PIXEL_EVERY = 4
QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)

Array = npt.NDArray[Any]


class DatasetStatistics:
    """Takes the frames of a data set, table after table."""

    def __init__(self) -> None:
        self._values: dict[str, list[Array]] = {}
        self._images: list[Array] = []
        self._frames = 0

    def add(self, frames: pa.Table) -> None:
        """Take more frames."""
        for name in frames.column_names:
            if name != IMAGE_KEY:
                self._values.setdefault(name, []).append(vectors(frames[name]))
        chosen = np.arange(-self._frames % IMAGE_EVERY, len(frames), IMAGE_EVERY)
        for image in frames[IMAGE_KEY].take(pa.array(chosen)).to_pylist():
            thinned = decode_image(image["bytes"])[::PIXEL_EVERY, ::PIXEL_EVERY]
            self._images.append(thinned.reshape(-1, 3))
        self._frames += len(frames)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """For each feature its smallest, largest, mean, spread, quantiles and count.

        Of images for each channel ``[3, 1, 1]``, in [0, 1].
        """
        if not self._frames:
            return {}
        described = {}
        for name, parts in self._values.items():
            values = np.concatenate(parts)
            described[name] = {**_described(values), "count": [len(values)]}
        pixels = _described(np.concatenate(self._images) / 255.0)
        described[IMAGE_KEY] = {
            **{name: [[[value]] for value in values] for name, values in pixels.items()},
            "count": [len(self._images)],
        }
        return described


def _described(values: Array) -> dict[str, list[float]]:
    """Of values ``[N, n]``, for each of the n."""
    values = values.astype(np.float64)
    quantiles = np.quantile(values, QUANTILES, axis=0)
    return {
        "min": values.min(axis=0).tolist(),
        "max": values.max(axis=0).tolist(),
        "mean": values.mean(axis=0).tolist(),
        "std": values.std(axis=0).tolist(),
        **{
            f"q{round(100 * share):02d}": row.tolist()
            for share, row in zip(QUANTILES, quantiles, strict=True)
        },
    }
