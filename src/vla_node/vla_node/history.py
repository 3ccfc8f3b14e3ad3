# SPDX-License-Identifier: Apache-2.0
"""The last images, as far apart as the policy was trained with."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from vla_policy.image import resize_image

Image = npt.NDArray[np.uint8]


class ImageHistory:
    """Keeps just enough images to give `length` of them, `spacing_ns` apart, ending now.

    A history of several images keeps them in `size` (height, width), where that is given: at full
    size they would take much memory, and each would be resized again in every observation.
    """

    def __init__(self, length: int, spacing_ns: int, size: tuple[int, int] | None = None) -> None:
        self._length = length
        self._spacing_ns = spacing_ns
        self._size = size if length > 1 else None
        self._images: deque[tuple[int, Image]] = deque()

    def add(self, image: Image, stamp: int) -> None:
        """Take the newest image ``[H, W, 3]``; another size or an older stamp starts anew."""
        if self._size is not None:
            image = resize_image(image, *self._size)
        if self._images:
            last_stamp, last_image = self._images[-1]
            if image.shape != last_image.shape or stamp < last_stamp:
                self._images.clear()
        self._images.append((stamp, image))
        reach_ns = (self._length - 1) * self._spacing_ns
        # The second oldest must reach far enough back before the oldest can go.
        while len(self._images) > 1 and self._images[1][0] <= stamp - reach_ns:
            self._images.popleft()

    def frames(self) -> tuple[Image, ...]:
        """The `length` images nearest to the wanted times, oldest first.

        Where the past is too short the oldest image stands for what is missing.
        """
        newest = self._images[-1][0]
        steps = range(self._length - 1, -1, -1)
        return tuple(self._nearest(newest - step * self._spacing_ns) for step in steps)

    def clear(self) -> None:
        """Forget all images."""
        self._images.clear()

    def _nearest(self, stamp: int) -> Image:
        return min(self._images, key=lambda entry: abs(entry[0] - stamp))[1]
