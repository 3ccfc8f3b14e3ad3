# SPDX-License-Identifier: Apache-2.0
"""The one way from a camera image to what a model sees, in training and on the robot."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

# To wake a pool of threads takes about as long as to shrink an image.
cv2.setNumThreads(1)


def resize_image(image: Image, height: int, width: int, out: Image | None = None) -> Image:
    """``[H, W, 3]`` uint8 to ``[height, width, 3]``, each pixel the mean of what it covers.

    Rounding moves it by up to half a level, each time that the image is halved on its way.
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
    # By halves as far as they come out even: OpenCV has vector instructions for a half alone, and
    # a quarter of a camera's 640x480 takes less than half the time of one step.
    while _halves_to_more(image.shape[0], height) and _halves_to_more(image.shape[1], width):
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.resize(image, (width, height), dst=out, interpolation=cv2.INTER_AREA))


def _halves_to_more(size: int, wanted: int) -> bool:
    """Whether half of `size` is still a multiple of `wanted`, and not yet that itself."""
    return size % (2 * wanted) == 0 and size > 2 * wanted
