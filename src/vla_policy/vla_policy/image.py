# SPDX-License-Identifier: Apache-2.0
"""The one way from a camera image to what a model sees, in training and on the robot."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def resize_image(image: Image, height: int, width: int, out: Image | None = None) -> Image:
    """``[H, W, 3]`` uint8 to ``[height, width, 3]``, each pixel the mean of what it covers.

    Views with reversed channels (a camera's BGR) or one channel for all three (grey) are resized
    as they lie in memory: only the small image is put into order. With `out` (contiguous, of the
    new shape) the answer is written there, with no memory taken.
    """
    if image.shape[:2] == (height, width):
        if out is None:
            return image
        out[:] = image
        return out
    if out is None:
        out = np.empty((height, width, 3), dtype=np.uint8)
    step = image.strides[2]
    if step == 0:
        out[:] = _shrunk(image[:, :, 0], height, width)[:, :, np.newaxis]
    elif step < 0:
        out[:] = _shrunk(image[:, :, ::-1], height, width)[:, :, ::-1]
    else:
        # OpenCV may refuse to write in place, and then answers with an array of its own.
        resized = _shrunk(image, height, width, out)
        if resized is not out:
            out[:] = resized
    return out


def _shrunk(image: Image, height: int, width: int, out: Image | None = None) -> Image:
    return np.asarray(cv2.resize(image, (width, height), dst=out, interpolation=cv2.INTER_AREA))
