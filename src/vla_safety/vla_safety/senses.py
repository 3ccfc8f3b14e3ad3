# SPDX-License-Identifier: Apache-2.0
"""What the gate knows about the world beside the commands: the newest of each sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_safety.clearance import Points
from vla_safety.instant import Instant
from vla_safety.odometry import Odometry
from vla_safety.picture import Picture
from vla_safety.scan import Scan
from vla_safety.situation import Reading, Situation
from vla_safety.source import Command
from vla_safety.surroundings import Surroundings
from vla_safety.velocity import Velocity


class Senses:
    """Keeps the newest of everything; what was never heard is None."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.odometry: Odometry | None = None
        self.rivals: tuple[str, ...] = ()
        self._surroundings: Surroundings | None = None
        self._picture: Picture | None = None
        self._uncertainty: Reading | None = None
        self._values = values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take other parameters of the scanner."""
        self._values = values
        if self._surroundings is not None:
            self._surroundings.configure(values)

    def take_scan(
        self, points: Points, stamp_ns: int, now: Instant, bearings: Points | None
    ) -> None:
        """Take a scan that has just arrived."""
        delay_ns = max(now.clock_ns - stamp_ns, 0)
        seen = np.empty(0) if bearings is None else bearings
        scan = Scan(points, now.steady_ns, delay_ns, seen)
        if self._surroundings is None:
            self._surroundings = Surroundings(scan, self._values)
        else:
            self._surroundings.take(scan)

    def take_picture(self, stamp_ns: int, digest: int, now_steady_ns: int) -> None:
        """Take stamp and digest of an image that has just arrived."""
        self._picture = Picture.after(self._picture, stamp_ns, digest, now_steady_ns)

    def take_uncertainty(self, value: float, now_steady_ns: int) -> None:
        """Take how unsure the policy says it is."""
        self._uncertainty = Reading(value, now_steady_ns)

    def follow(self, velocity: Velocity, now_steady_ns: int) -> None:
        """Move on: `velocity` was driven since the last call."""
        if self._surroundings is not None:
            self._surroundings.follow(velocity, now_steady_ns)

    def situation(self, now: Instant, command: Command | None, previous: Velocity) -> Situation:
        """What checks and fallback policies see."""
        return Situation(
            now,
            command,
            previous,
            self._surroundings,
            self.odometry,
            self._picture,
            self._uncertainty,
            self.rivals,
        )

    def report(self) -> dict[str, str]:
        """Which sensors are heard."""
        surroundings = self._surroundings
        if surroundings is None:
            return {"scan": "none yet"}
        silent = surroundings.silent
        return {"scan": f"none for {surroundings.timeout_s:g} s" if silent else "current"}
