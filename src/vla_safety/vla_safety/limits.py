# SPDX-License-Identifier: Apache-2.0
"""The limits of all axes together: what is cut off, and the step that never leaves them."""

from __future__ import annotations

from collections.abc import Iterator

from vla_safety.axis_limits import AxisLimits
from vla_safety.finding import Finding, Severity
from vla_safety.velocity import AXES, ZERO, Velocity, unit

VELOCITY_CHECK = "velocity_limit"
UNUSED_AXIS_CHECK = "unused_axis"


class Limits:
    """The limits of every axis that the robot has; an axis without limits stays at zero.

    `preserve_curvature`: where one axis has to hold back, the others hold back in proportion, so
    that the robot stays on the arc that was commanded.
    """

    def __init__(self, axes: tuple[AxisLimits, ...], preserve_curvature: bool = False) -> None:
        self.axes = {limits.axis: limits for limits in axes}
        self._by_field = tuple(self.axes.get(axis) for axis in AXES)
        self._preserve_curvature = preserve_curvature

    def bound(self, velocity: Velocity) -> tuple[Velocity, tuple[Finding, ...]]:
        """`velocity` (finite) within the velocity limits, and a finding for each cut."""
        bounded = self._bounded(velocity)
        if bounded == velocity:
            return bounded, ()
        cuts = tuple(self._cuts(velocity, bounded))
        if self._preserve_curvature:
            used = self._of_used_axes(velocity)
            bounded = self._bounded(scaled(used, _ratio(used, bounded)))
        return bounded, cuts

    def slowed(self, velocity: Velocity, share: float) -> Velocity:
        """`velocity` scaled down, as one, until each axis is within `share` of its limits."""
        used = self._of_used_axes(velocity)
        room = Velocity(
            *(
                0.0 if limits is None else limits.bound(value / share) * share if share else 0.0
                for limits, value in zip(self._by_field, used, strict=True)
            )
        )
        return scaled(used, _ratio(used, room))

    def step(self, previous: Velocity, wanted: Velocity, dt_s: float) -> Velocity:
        """What may be commanded `dt_s` after `previous` on the shortest way to `wanted`.

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

    def share(self, previous: Velocity, wanted: Velocity, dt_s: float) -> float:
        """How much of the way from `previous` to `wanted` all axes can go in `dt_s`: 0 to 1."""
        return _share(previous, wanted, self.step(previous, wanted, dt_s))

    def ease(
        self,
        previous: Velocity,
        acceleration: Velocity,
        wanted: Velocity,
        dt_s: float,
        followed: bool,
    ) -> Velocity:
        """As `step`, with the jerk limits, and in proportion where the curvature is preserved.

        `acceleration` is what led to `previous`. `followed`: that was exactly what was wanted
        then; a source that keeps to the limits by itself is then taken at its word.
        """
        if not wanted.finite:
            return ZERO
        fields = tuple(zip(self._by_field, previous, acceleration, wanted, strict=True))
        eased = Velocity(
            *(
                0.0 if limits is None else _eased(limits, before, rate, value, dt_s, followed)
                for limits, before, rate, value in fields
            )
        )
        share = _share(previous, wanted, eased) if self._preserve_curvature else 1.0
        if share == 1.0:
            return eased
        return Velocity(
            *(
                0.0
                if limits is None
                else _clamp(before + share * (value - before), *limits.window(before, rate, dt_s))
                for limits, before, rate, value in fields
            )
        )

    def loosened(self, older: Limits) -> list[str]:
        """Names of the limits that allow more here than in `older` (of the same axes)."""
        return [
            name
            for axis, limits in self.axes.items()
            for name in limits.loosened(older.axes[axis])
        ]

    def _bounded(self, velocity: Velocity) -> Velocity:
        return Velocity(
            *(
                limits.bound(value) if limits is not None else 0.0
                for limits, value in zip(self._by_field, velocity, strict=True)
            )
        )

    def _of_used_axes(self, velocity: Velocity) -> Velocity:
        return Velocity(
            *(
                value if limits is not None else 0.0
                for limits, value in zip(self._by_field, velocity, strict=True)
            )
        )

    def _cuts(self, velocity: Velocity, bounded: Velocity) -> Iterator[Finding]:
        for axis, asked, kept in zip(AXES, velocity, bounded, strict=True):
            if asked == kept:
                continue
            if axis in self.axes:
                yield _over_limit(axis, asked, kept)
            else:
                yield _unused_axis(axis, asked)


def scaled(velocity: Velocity, factor: float) -> Velocity:
    """`velocity` times `factor`; never -0.0."""
    return Velocity(*(value * factor + 0.0 for value in velocity))


def _eased(
    limits: AxisLimits, before: float, rate: float, wanted: float, dt_s: float, followed: bool
) -> float:
    low, high = limits.window(before, rate, dt_s)
    if low <= wanted <= high and (followed or not limits.smooth):
        return wanted
    return limits.approach(before, rate, wanted, dt_s)


def _ratio(velocity: Velocity, kept: Velocity) -> float:
    """The least share that `kept` leaves of a field of `velocity`."""
    pairs = zip(velocity, kept, strict=True)
    return min((part / value for value, part in pairs if value != part), default=1.0)


def _share(previous: Velocity, wanted: Velocity, reached: Velocity) -> float:
    """The least share of the way from `previous` to `wanted` that a field of `reached` has."""
    shares = (
        (after - before) / (value - before)
        for before, value, after in zip(previous, wanted, reached, strict=True)
        if value != before and value != after
    )
    return max(min(shares, default=1.0), 0.0)


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
