# SPDX-License-Identifier: Apache-2.0
"""The one way from a camera image to what a model sees, in training and on the robot."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def resize_image(
    image: npt.NDArray[np.uint8],
    height: int,
    width: int,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """``[H, W, 3]`` uint8 to ``[height, width, 3]``, each pixel the mean of what it covers.

    With `out` (contiguous, of that shape) the answer is written there, with no memory taken.
    """
    if out is None:
        if image.shape[:2] == (height, width):
            return image
        out = np.empty((height, width, 3), dtype=np.uint8)
    if image.shape[:2] == (height, width):
        out[:] = image
        return out
    # OpenCV may refuse to write in place, and then answers with an array of its own.
    resized = np.asarray(cv2.resize(image, (width, height), dst=out, interpolation=cv2.INTER_AREA))
    if resized is not out:
        out[:] = resized
    return out
