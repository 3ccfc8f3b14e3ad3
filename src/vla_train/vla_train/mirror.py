# SPDX-License-Identifier: Apache-2.0
"""Mirror images of lessons: what stands on the left stands on the right, and is said to.

The robot is as broad to its left as to its right, so each lesson is one for the mirrored image as
well, and a room becomes two. Not so where a side was chosen that nobody had named: which way
around to turn, where to search first (`vla_train.lesson.Lesson.mirrors`).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.action import ActionSpec
from vla_train.errors import TrainError

TURNED_ROUND = ("linear.y", "angular.x", "angular.z")
"""Fields of a Twist that point the other way in a mirror."""
_SIDE = re.compile(
    r"\bleft\b|\bright\b(?! (?:angle|up|round|there|now|here|after)\b)"
    r"|\b(?:counter|anti)?clockwise\b"
)
_OTHER_SIDE = {
    "left": "right",
    "right": "left",
    "clockwise": "counterclockwise",
    "counterclockwise": "clockwise",
    "anticlockwise": "clockwise",
}

Array = npt.NDArray[Any]


def mirrored_sentence(text: str) -> str:
    """What is to be said in a mirror: *turn left by a right angle* for *turn right by a ...*."""
    return _SIDE.sub(lambda found: _OTHER_SIDE[found[0]], text)


def mirror_signs(spec: ActionSpec) -> dict[str, Array]:
    """What each column of labels is multiplied by in a mirror.

    Raises:
        TrainError: an action to one side can be larger than to the other.
    """
    bounds = zip(spec.names, spec.low, spec.high, strict=True)
    uneven = [name for name, low, high in bounds if name in TURNED_ROUND and low != -high]
    if uneven:
        raise TrainError(
            f"mirror_share must be 0 where bounds are not as large to both sides (got "
            f"{', '.join(uneven)})"
        )
    actions = [-1.0 if name in TURNED_ROUND else 1.0 for name in spec.names]
    return {
        "states": np.array([1.0, -1.0, -1.0], dtype=np.float32),
        "memories": np.array([1.0, 1.0, -1.0], dtype=np.float32),
        "spots": np.array([1.0, -1.0], dtype=np.float32),
        "actions": np.array(actions, dtype=np.float32),
    }


def mirrored_cells(cells: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """Cells of a map of so many rows and columns, counted row by row; others stay."""
    rows, columns = grid
    inside = (cells >= 0) & (cells < rows * columns)
    return torch.where(inside, cells + columns - 1 - 2 * (cells % columns), cells)
