# SPDX-License-Identifier: Apache-2.0
"""Notices that the base does something else than it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding
from vla_safety.insistence import Insistence
from vla_safety.instant import SECOND_NS, nanoseconds
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.velocity import Velocity

LINEAR = Specification(
    name="odometry_agreement.linear",
    kind=float,
    default=0.3,
    description="How far odometry may be off what was commanded",
    unit="m/s",
    low=0.01,
    high=10.0,
    looser="higher",
)
ANGULAR = Specification(
    name="odometry_agreement.angular",
    kind=float,
    default=0.8,
    description="The same for the turn rate",
    unit="rad/s",
    low=0.01,
    high=30.0,
    looser="higher",
)
TIME = Specification(
    name="odometry_agreement.time",
    kind=float,
    default=0.5,
    description="How long it may be off by more",
    unit="s",
    low=0.02,
    high=10.0,
    looser="higher",
)
LAG = Specification(
    name="odometry_agreement.lag",
    kind=float,
    default=0.4,
    description="How far back a command may lie that the base still follows",
    unit="s",
    low=0.0,
    high=2.0,
    looser="higher",
)

_SPACING_NS = SECOND_NS // 100


class OdometryAgreement(Check):
    """Finds that odometry leaves the band of what was commanded within the last `lag`.

    It ends when the source stops wanting to go the way that the base did not go. Without
    odometry it does nothing.
    """

    name: ClassVar[str] = "odometry_agreement"
    parameters: ClassVar[tuple[Specification, ...]] = (LINEAR, ANGULAR, TIME, LAG)

    def __init__(self) -> None:
        self._insistence = Insistence()
        self._told: deque[tuple[int, Velocity]] = deque(maxlen=256)
        self._agreed_ns: int | None = None
        self._found: Finding | None = None

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take tolerances and times."""
        self._tolerances = {"linear_x": values[LINEAR.name], "angular_z": values[ANGULAR.name]}
        self._time_s: float = values[TIME.name]
        self._lag_ns = nanoseconds(values[LAG.name])

    def begin_anew(self) -> None:
        """Drop a finding that the source insists on."""
        self._found = self._agreed_ns = None

    def watch(self, situation: Situation) -> Finding | None:
        """A finding when the base has been off for too long."""
        assert situation.command is not None
        now_ns = situation.now.steady_ns
        self._remember(situation.previous, now_ns)
        if self._found is not None and self._insistence.lasts(situation.command.velocity):
            return self._found
        self._found = None
        odometry = situation.odometry
        off = None
        if odometry is not None and odometry.is_current(now_ns):
            off = self._off(odometry.velocity)
        if off is None or self._agreed_ns is None:
            self._agreed_ns = now_ns
        if off is None or (now_ns - self._agreed_ns) / SECOND_NS <= self._time_s:
            return None
        self._agreed_ns = None
        axis, deviation = off
        self._insistence.hold(situation.command.velocity)
        self._found = self.finding(
            "odometry disagrees",
            f"odometry is {deviation:.3g} off what was commanded along {axis.replace('_', '.')}",
            value=deviation,
            limit=self._tolerances[axis],
            unit="m/s" if axis == "linear_x" else "rad/s",
        )
        return self._found

    def _remember(self, velocity: Velocity, now_ns: int) -> None:
        if not self._told or now_ns - self._told[-1][0] >= _SPACING_NS:
            self._told.append((now_ns, velocity))
        while now_ns - self._told[0][0] > self._lag_ns and len(self._told) > 1:
            self._told.popleft()

    def _off(self, driven: Velocity) -> tuple[str, float] | None:
        """The axis along which the base is off by more than it may be, and by how much."""
        for axis, tolerance in self._tolerances.items():
            told = [getattr(velocity, axis) for _, velocity in self._told]
            value = getattr(driven, axis)
            deviation = max(min(told) - value, value - max(told), 0.0)
            if not deviation <= tolerance:  # NaN is off, too
                return axis, deviation
        return None
