# SPDX-License-Identifier: Apache-2.0
"""The one way from a camera image to what a model sees, in training and on the robot."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def resize_image(image: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """``[H, W, 3]`` uint8 to ``[height, width, 3]``, each pixel the mean of what it covers."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
