# SPDX-License-Identifier: Apache-2.0
"""Notices that the robot is told to move and stays where it is."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding
from vla_safety.insistence import Insistence
from vla_safety.instant import SECOND_NS
from vla_safety.motion import ANGULAR, LINEAR
from vla_safety.odometry import Odometry
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.velocity import ZERO, Velocity

TIME = Specification(
    name="no_progress.time",
    kind=float,
    default=2.0,
    description="How long the robot may be told to move and not move",
    unit="s",
    low=0.1,
    high=60.0,
    looser="higher",
)
DISTANCE = Specification(
    name="no_progress.distance",
    kind=float,
    default=0.02,
    description="Way within that time that is progress",
    unit="m",
    low=0.001,
    high=1.0,
    looser="lower",
)
ANGLE = Specification(
    name="no_progress.angle",
    kind=float,
    default=0.05,
    description="Turn within that time that is progress",
    unit="rad",
    low=0.001,
    high=3.0,
    looser="lower",
)


class NoProgress(Check):
    """Finds that odometry stays in one place although the gate's output leads elsewhere.

    It ends when the source stops wanting to go that way. Without odometry it does nothing.
    """

    name: ClassVar[str] = "no_progress"
    parameters: ClassVar[tuple[Specification, ...]] = (TIME, DISTANCE, ANGLE)

    def __init__(self) -> None:
        self._insistence = Insistence()
        self._driving: _Since | None = None
        self._turning: _Since | None = None
        self._found: Finding | None = None

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take what progress is."""
        self._time_s: float = values[TIME.name]
        self._distance: float = values[DISTANCE.name]
        self._angle: float = values[ANGLE.name]

    def begin_anew(self) -> None:
        """Drop a finding that the source insists on."""
        self._found = self._driving = self._turning = None

    def watch(self, situation: Situation) -> Finding | None:
        """A finding when the robot has been where it is for too long."""
        assert situation.command is not None
        if self._found is not None and self._insistence.lasts(situation.command.velocity):
            return self._found
        self._found = None
        odometry, now_ns = situation.odometry, situation.now.steady_ns
        if odometry is None or not odometry.is_current(now_ns):
            self._driving = self._turning = None
            return None
        told = situation.previous
        self._driving = self._since(
            self._driving, abs(told.linear_x) > LINEAR, odometry, now_ns, self._has_driven
        )
        self._turning = self._since(
            self._turning, abs(told.angular_z) > ANGULAR, odometry, now_ns, self._has_turned
        )
        return self._judge(told, now_ns)

    def _since(
        self,
        since: _Since | None,
        told: bool,
        odometry: Odometry,
        now_ns: int,
        progressed: Any,
    ) -> _Since | None:
        """Where and when the robot last made progress; None while it is not told to."""
        if not told:
            return None
        if since is None or progressed(since.odometry, odometry):
            return _Since(odometry, now_ns)
        return since

    def _has_driven(self, then: Odometry, now: Odometry) -> bool:
        return hypot(now.x - then.x, now.y - then.y) >= self._distance

    def _has_turned(self, then: Odometry, now: Odometry) -> bool:
        return abs(now.yaw - then.yaw) >= self._angle  # a wrap at pi is progress, too

    def _judge(self, told: Velocity, now_ns: int) -> Finding | None:
        for since, against in (
            (self._driving, ZERO._replace(linear_x=told.linear_x)),
            (self._turning, ZERO._replace(angular_z=told.angular_z)),
        ):
            if since is not None and (now_ns - since.at_ns) / SECOND_NS > self._time_s:
                self._insistence.hold(against)
                self._driving = self._turning = None
                self._found = self.finding(
                    "no progress",
                    f"told to move, the robot has not done so for {TIME.name} {self._time_s:g} s",
                    value=(now_ns - since.at_ns) / SECOND_NS,
                    limit=self._time_s,
                    unit="s",
                )
                return self._found
        return None


class _Since:
    """The odometry at the last progress, and when that was [ns, steady]."""

    __slots__ = ("at_ns", "odometry")

    def __init__(self, odometry: Odometry, at_ns: int) -> None:
        self.odometry = odometry
        self.at_ns = at_ns
