# SPDX-License-Identifier: Apache-2.0
"""How far the robot has come since it was told: by odometry, or else by its own commands."""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from vla_policy.pose import PoseTracker

ODOMETRY_TIMEOUT_NS = 1_000_000_000
"""Odometry of mobile bases comes at 10 to 100 Hz; a second of silence is a failure."""


class PoseSource(Enum):
    """Where the pose comes from."""

    ODOMETRY = "odometry"
    COMMANDS = "dead reckoning of own commands"


class MotionEstimate:
    """The pose relative to the start of the task, from one source for as long as it lasts.

    Odometry is used from its first message on. Where it falls silent in the middle of a task the
    commands take over until the task ends: going back would count the gap twice.
    """

    def __init__(self) -> None:
        self.source = PoseSource.COMMANDS
        self._tracker = PoseTracker()
        self._lost = False
        self._observed_ns: int | None = None

    def restart(self) -> None:
        """A task begins: the present pose is the origin."""
        if self._lost:
            self._tracker = PoseTracker()
            self._lost = False
        self._tracker.restart()

    def observe(self, x: float, y: float, yaw: float, steady_ns: int) -> None:
        """Take a pose from odometry: m, m, rad in any fixed frame.

        Raises:
            ValueError: a value is not finite; the pose stays as it was.
        """
        if self._lost:
            return
        self._tracker.observe(x, y, yaw)
        self.source = PoseSource.ODOMETRY
        self._observed_ns = steady_ns

    def advance(self, linear: float, angular: float, dt: float, steady_ns: int) -> None:
        """`linear` m/s and `angular` rad/s were commanded for the last `dt` seconds."""
        if self.source is PoseSource.ODOMETRY and self._is_silent(steady_ns):
            self.source = PoseSource.COMMANDS
            self._lost = True
        if self.source is PoseSource.COMMANDS:
            self._tracker.advance(linear, angular, dt)

    def state(self) -> npt.NDArray[np.float32]:
        """The relative pose ``[3]``: m forward, m left, rad."""
        return self._tracker.state()

    def _is_silent(self, steady_ns: int) -> bool:
        return self._observed_ns is None or steady_ns - self._observed_ns > ODOMETRY_TIMEOUT_NS
