# SPDX-License-Identifier: Apache-2.0
"""Where the things are that the scanner saw, now that the robot has moved on."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, hypot, inf, pi, sin
from typing import Any

import numpy as np

from vla_safety.clearance import Points, in_motion_frame
from vla_safety.drift import STILL
from vla_safety.instant import SECOND_NS, nanoseconds
from vla_safety.scan import Scan
from vla_safety.specification import Specification
from vla_safety.velocity import Velocity

SCAN_TIMEOUT = Specification(
    name="scan.timeout",
    kind=float,
    default=0.5,
    description="Longest silence of a scanner that was heard before, on the steady clock",
    unit="s",
    low=0.02,
    high=10.0,
    looser="higher",
)
SCAN_X = Specification(
    name="scan.x",
    kind=float,
    default=0.0,
    description="Place of the scanner ahead of base_link",
    unit="m",
    low=-5.0,
    high=5.0,
    read_only=True,
)
SCAN_YAW = Specification(
    name="scan.yaw",
    kind=float,
    default=0.0,
    description="Where the scanner's x axis points, counter-clockwise from straight ahead",
    unit="rad",
    low=-6.3,
    high=6.3,
    read_only=True,
)
SCAN_PARAMETERS = (SCAN_TIMEOUT, SCAN_X, SCAN_YAW)

# Rays further apart [rad] than this leave room for something that nobody sees.
_WIDEST_GAP = 0.09


class Surroundings:
    """The newest scan in the frame of the base, carried along by the robot's own commands."""

    def __init__(self, scan: Scan, values: Mapping[str, Any]) -> None:
        self._scan_x: float = values[SCAN_X.name]
        self._scan_yaw: float = values[SCAN_YAW.name]
        self.configure(values)
        self.take(scan)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take another timeout."""
        self.timeout_s: float = values[SCAN_TIMEOUT.name]
        self._timeout_ns = nanoseconds(self.timeout_s)

    def take(self, scan: Scan) -> None:
        """Put `scan` in the place of the one before."""
        self._points = self._in_base(scan.points)
        self._nearest_m = float(np.hypot(*self._points.T).min(initial=inf))
        self._bearings = np.sort(np.remainder(scan.bearings + self._scan_yaw, 2 * pi))
        self._drift = STILL
        self._arrived_ns = scan.arrived_ns
        self._followed_ns = scan.arrived_ns - min(scan.delay_ns, self._timeout_ns)
        self.silent = False

    def follow(self, velocity: Velocity, now_steady_ns: int) -> None:
        """Move on: `velocity` was driven since the last call."""
        elapsed_ns = max(now_steady_ns - self._followed_ns, 0)
        self._drift = self._drift.moved(velocity, elapsed_ns / SECOND_NS)
        self._followed_ns = now_steady_ns
        self.silent = now_steady_ns - self._arrived_ns > self._timeout_ns

    @property
    def nearest_m(self) -> float:
        """No point is nearer to the robot's centre [m]; inf without points."""
        return self._nearest_m - hypot(self._drift.x, self._drift.y)

    def towards(self, direction: float) -> Points:
        """The points [N, 2] now, with x along `direction` [rad] from where the robot faces."""
        return in_motion_frame(self._points, self._drift, direction)

    def sees(self, direction: float, half_width: float) -> bool:
        """Whether rays lie close together from `direction` to `half_width` [rad] on both sides."""
        if len(self._bearings) == 0:
            return False
        centre = direction + self._drift.yaw
        relative = np.sort(np.remainder(self._bearings - centre + pi, 2 * pi) - pi)
        inside = relative[np.abs(relative) <= half_width]
        edges = np.concatenate(([-half_width], inside, [half_width]))
        return bool(np.diff(edges).max() <= _WIDEST_GAP)

    def _in_base(self, points: Points) -> Points:
        x, y = points.T
        cosine, sine = cos(self._scan_yaw), sin(self._scan_yaw)
        return np.stack((self._scan_x + cosine * x - sine * y, sine * x + cosine * y), axis=1)
