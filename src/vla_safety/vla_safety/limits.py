# SPDX-License-Identifier: Apache-2.0
"""Limits of velocity and acceleration, and the step that never leaves them.

Each limit has the name of diff_drive_controller's. It is a number or absent (None), never NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite

from vla_safety.errors import ParameterError
from vla_safety.finding import Finding, Severity
from vla_safety.velocity import AXES, ZERO, Velocity, unit

VELOCITY_CHECK = "velocity_limit"
UNUSED_AXIS_CHECK = "unused_axis"

_ACCELERATIONS = (
    "max_acceleration",
    "max_deceleration",
    "max_acceleration_reverse",
    "max_deceleration_reverse",
)


@dataclass(frozen=True, slots=True)
class AxisLimits:
    """Limits along one axis [m/s, m/s2 or rad/s, rad/s2] that make sense, or ParameterError.

    All are magnitudes but `min_velocity`, which is the most negative velocity. What is absent:
    `min_velocity` is -max_velocity, `max_deceleration` is `max_acceleration`, a `*_reverse` is
    its forward counterpart, and an absent `max_acceleration` does not limit.
    """

    axis: str
    max_velocity: float
    min_velocity: float | None = None
    max_acceleration: float | None = None
    max_deceleration: float | None = None
    max_acceleration_reverse: float | None = None
    max_deceleration_reverse: float | None = None

    def __post_init__(self) -> None:
        self._require_positive("max_velocity", self.max_velocity)
        for name in _ACCELERATIONS:
            value = getattr(self, name)
            if value is not None:
                self._require_positive(name, value)
        low = self.min_velocity
        if low is not None and not (isfinite(low) and low <= 0.0):
            raise ParameterError(
                f"{self.axis}.min_velocity must be a number <= 0 {unit(self.axis)}, so that "
                f"standing still is always within the limits (got {low})"
            )

    def _require_positive(self, name: str, value: float) -> None:
        if not (isfinite(value) and value > 0.0):
            per = "" if name == "max_velocity" else "2"
            raise ParameterError(
                f"{self.axis}.{name} must be a number > 0 {unit(self.axis)}{per} (got {value})"
            )

    @property
    def highest(self) -> float:
        """Largest velocity."""
        return self.max_velocity

    @property
    def lowest(self) -> float:
        """Smallest (most negative) velocity."""
        return -self.max_velocity if self.min_velocity is None else self.min_velocity

    @property
    def speeding_up(self) -> float:
        """Rate away from zero while forward; inf where it is not limited."""
        return _first(self.max_acceleration)

    @property
    def slowing_down(self) -> float:
        """Rate towards zero while forward."""
        return _first(self.max_deceleration, self.max_acceleration)

    @property
    def speeding_up_reverse(self) -> float:
        """Rate away from zero while backward."""
        return _first(self.max_acceleration_reverse, self.max_acceleration)

    @property
    def slowing_down_reverse(self) -> float:
        """Rate towards zero while backward."""
        return _first(self.max_deceleration_reverse, self.slowing_down)

    def bound(self, velocity: float) -> float:
        """`velocity` cut to [lowest, highest]."""
        return min(max(velocity, self.lowest), self.highest)

    def reach(self, velocity: float, dt_s: float) -> tuple[float, float]:
        """The lowest and highest velocity that may follow `velocity` after `dt_s`.

        Where `velocity` lies outside the velocity limits, because they were tightened on the
        way, the interval leads back into them as fast as the deceleration allows.
        """
        up = _rise(velocity, dt_s, self.slowing_down_reverse, self.speeding_up)
        down = -_rise(-velocity, dt_s, self.slowing_down, self.speeding_up_reverse)
        return min(max(down, self.lowest), up), max(min(up, self.highest), down)

    def loosened(self, older: AxisLimits) -> list[str]:
        """Names of the limits that allow more here than in `older`."""
        pairs = {
            "max_velocity": (self.highest, older.highest),
            "min_velocity": (-self.lowest, -older.lowest),
            "max_acceleration": (self.speeding_up, older.speeding_up),
            "max_deceleration": (self.slowing_down, older.slowing_down),
            "max_acceleration_reverse": (self.speeding_up_reverse, older.speeding_up_reverse),
            "max_deceleration_reverse": (self.slowing_down_reverse, older.slowing_down_reverse),
        }
        return [f"{self.axis}.{name}" for name, (new, old) in pairs.items() if new > old]


def _first(*rates: float | None) -> float:
    """The first rate that is present, or inf."""
    return next((rate for rate in rates if rate is not None), inf)


def _rise(velocity: float, dt_s: float, slowing_rate: float, speeding_rate: float) -> float:
    """The highest velocity after `dt_s`: towards zero at one rate, beyond it at the other."""
    if velocity < 0.0:
        if slowing_rate * dt_s <= -velocity:  # False for inf * 0 as well, which is NaN
            return velocity + slowing_rate * dt_s
        dt_s = max(0.0, dt_s + velocity / slowing_rate)
        velocity = 0.0
    return inf if speeding_rate == inf else velocity + speeding_rate * dt_s


class Limits:
    """The limits of every axis that the robot has; an axis without limits stays at zero."""

    def __init__(self, axes: tuple[AxisLimits, ...]) -> None:
        self.axes = {limits.axis: limits for limits in axes}
        self._by_field = tuple(self.axes.get(axis) for axis in AXES)

    def bound(self, velocity: Velocity) -> tuple[Velocity, tuple[Finding, ...]]:
        """`velocity` (finite) within the velocity limits, and a finding for each cut."""
        bounded = Velocity(
            *(
                limits.bound(value) if limits is not None else 0.0
                for limits, value in zip(self._by_field, velocity, strict=True)
            )
        )
        if bounded == velocity:
            return bounded, ()
        return bounded, tuple(self._cuts(velocity, bounded))

    def step(self, previous: Velocity, wanted: Velocity, dt_s: float) -> Velocity:
        """What may be commanded `dt_s` after `previous` on the way to `wanted`.

        Always finite and within the limits: a `wanted` that is not finite is a stop at once.
        """
        if not wanted.finite:
            return ZERO
        return Velocity(
            *(
                _clamp(value, *limits.reach(before, dt_s)) if limits is not None else 0.0
                for limits, before, value in zip(self._by_field, previous, wanted, strict=True)
            )
        )

    def loosened(self, older: Limits) -> list[str]:
        """Names of the limits that allow more here than in `older` (of the same axes)."""
        return [
            name
            for axis, limits in self.axes.items()
            for name in limits.loosened(older.axes[axis])
        ]

    def _cuts(self, velocity: Velocity, bounded: Velocity) -> Iterator[Finding]:
        for axis, asked, kept in zip(AXES, velocity, bounded, strict=True):
            if asked == kept:
                continue
            if axis in self.axes:
                yield _over_limit(axis, asked, kept)
            else:
                yield _unused_axis(axis, asked)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _over_limit(axis: str, asked: float, kept: float) -> Finding:
    name = "max_velocity" if asked > kept else "min_velocity"
    return Finding(
        check=VELOCITY_CHECK,
        reason="clamping",
        severity=Severity.CLAMP,
        detail=f"{axis} {asked:.6g} is beyond {axis}.{name} {kept:.6g} {unit(axis)}",
        value=asked,
        limit=kept,
        unit=unit(axis),
    )


def _unused_axis(axis: str, asked: float) -> Finding:
    return Finding(
        check=UNUSED_AXIS_CHECK,
        reason="clamping",
        severity=Severity.CLAMP,
        detail=f"{axis} {asked:.6g} {unit(axis)} was commanded, which is not one of the axes",
        value=asked,
        limit=0.0,
        unit=unit(axis),
    )
