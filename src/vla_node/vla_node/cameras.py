# SPDX-License-Identifier: Apache-2.0
"""The images of all cameras, as a policy looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_node.history import ImageHistory

Image = npt.NDArray[np.uint8]
Frames = tuple[Image, ...]


@dataclass(frozen=True)
class Lens:
    """What a policy wants to see of each camera.

    Attributes:
        history: number of images.
        spacing_ns: time between them.
        size: height and width that the policy resizes them to; None where it does not say.
    """

    history: int
    spacing_ns: int
    size: tuple[int, int] | None = None


class FurtherCameras:
    """The newest images of the cameras besides the one whose images drive the inference."""

    def __init__(self, names: Sequence[str], lens: Lens, timeout_ns: int) -> None:
        """An image that arrived longer than `timeout_ns` ago is no view of now."""
        self._histories = {
            name: ImageHistory(lens.history, lens.spacing_ns, lens.size) for name in names
        }
        self._seen_ns: dict[str, int] = {}
        self._timeout_ns = timeout_ns

    def see(self, name: str, image: Image, stamp: int, steady_ns: int) -> None:
        """Take an image ``[H, W, 3]`` of the camera of that name."""
        self._histories[name].add(image, stamp)
        self._seen_ns[name] = steady_ns

    def silent(self, steady_ns: int) -> list[str]:
        """Names of the cameras that have no image of now."""
        return [
            name
            for name in self._histories
            if name not in self._seen_ns or steady_ns - self._seen_ns[name] > self._timeout_ns
        ]

    def frames(self) -> Mapping[str, Frames]:
        """What is seen by each camera, oldest first; only where none is silent."""
        return {name: history.frames() for name, history in self._histories.items()}
