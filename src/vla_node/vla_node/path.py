# SPDX-License-Identifier: Apache-2.0
"""The path that a chunk means, from where the robot stands."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionChunk


def integrate(chunk: ActionChunk, first_step: int = 0) -> npt.NDArray[np.float64]:
    """Poses ``[1 + horizon - first_step, 3]`` (x m, y m, yaw rad), the origin first.

    The actions from `first_step` on are driven in the plane, each for ``dt``, turning half of its
    angle before and half after the straight part (exact to second order in ``dt``).
    """
    spec = chunk.spec
    x = y = yaw = 0.0
    poses = [(x, y, yaw)]
    for action in chunk.actions[first_step:]:
        values = dict(zip(spec.names, action.tolist(), strict=True))
        ahead = values.get("linear.x", 0.0) * spec.dt
        left = values.get("linear.y", 0.0) * spec.dt
        turn = values.get("angular.z", 0.0) * spec.dt
        middle = yaw + 0.5 * turn
        x += ahead * math.cos(middle) - left * math.sin(middle)
        y += ahead * math.sin(middle) + left * math.cos(middle)
        yaw += turn
        poses.append((x, y, yaw))
    return np.array(poses)
