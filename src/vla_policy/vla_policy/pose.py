# SPDX-License-Identifier: Apache-2.0
"""How far the robot has moved since the present instruction was given.

A single image cannot tell a robot that turns around whether it has turned enough. The pose
relative to the start of the instruction can; it comes from wheel odometry where there is
some, and otherwise from the robot's own commands.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

STATE_NAMES = ("position.x", "position.y", "heading")
"""m forward, m to the left, rad counter-clockwise (unwrapped), in the frame of the start."""

STATE_DIM = len(STATE_NAMES)


class PoseTracker:
    """Keeps the pose relative to where `restart` was last called."""

    def __init__(self) -> None:
        self._x = 0.0
        self._y = 0.0
        self._heading = 0.0
        self._last_observed: tuple[float, float, float] | None = None

    def restart(self) -> None:
        """Make the present pose the origin."""
        self._x = self._y = self._heading = 0.0

    def observe(self, x: float, y: float, yaw: float) -> None:
        """Take an absolute pose from odometry: m, m and rad in any fixed frame.

        Raises:
            ValueError: a value is not finite; the pose stays as it was.
        """
        if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(yaw)):
            raise ValueError(f"odometry must be finite (got x={x}, y={y}, yaw={yaw})")
        if self._last_observed is not None:
            last_x, last_y, last_yaw = self._last_observed
            # The step is turned from the odometry frame into ours by the headings' difference.
            frame = self._heading - last_yaw
            dx, dy = x - last_x, y - last_y
            self._x += math.cos(frame) * dx - math.sin(frame) * dy
            self._y += math.sin(frame) * dx + math.cos(frame) * dy
            self._heading += math.remainder(yaw - last_yaw, math.tau)
        self._last_observed = (x, y, yaw)

    def advance(self, linear: float, angular: float, dt: float) -> None:
        """Dead reckoning: `linear` m/s and `angular` rad/s were driven for `dt` seconds."""
        middle = self._heading + 0.5 * angular * dt
        self._x += linear * math.cos(middle) * dt
        self._y += linear * math.sin(middle) * dt
        self._heading += angular * dt

    def state(self) -> npt.NDArray[np.float32]:
        """The relative pose as ``[3]`` float32, in the order of `STATE_NAMES`."""
        return np.array([self._x, self._y, self._heading], dtype=np.float32)
