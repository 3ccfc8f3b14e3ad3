# SPDX-License-Identifier: Apache-2.0
"""Limits of velocity, acceleration and jerk along one axis.

Each limit has the name of diff_drive_controller's. It is a number or absent (None), never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt

from vla_safety.errors import ParameterError
from vla_safety.velocity import unit

_POSITIVE = {  # name -> what its unit has over that of a velocity
    "max_velocity": "",
    "max_acceleration": "2",
    "max_deceleration": "2",
    "max_acceleration_reverse": "2",
    "max_deceleration_reverse": "2",
    "max_jerk": "3",
}
_NEGATIVE = ("min_velocity", "min_jerk")


@dataclass(frozen=True, slots=True)
class AxisLimits:
    """Limits along one axis [m/s, rad/s and their derivatives] that make sense.

    Magnitudes, but for `min_velocity`, the most negative velocity, and `min_jerk`, the fastest
    fall of the acceleration. What is absent: `min_velocity` is -max_velocity, `min_jerk` is
    -max_jerk, `max_deceleration` is `max_acceleration`, a `*_reverse` is its forward counterpart,
    and an absent `max_acceleration` or `max_jerk` does not limit.

    Raises:
        ParameterError: a limit is no such number.
    """

    axis: str
    max_velocity: float
    min_velocity: float | None = None
    max_acceleration: float | None = None
    max_deceleration: float | None = None
    max_acceleration_reverse: float | None = None
    max_deceleration_reverse: float | None = None
    max_jerk: float | None = None
    min_jerk: float | None = None

    def __post_init__(self) -> None:
        for name, power in _POSITIVE.items():
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value > 0.0):
                raise ParameterError(
                    f"{self.axis}.{name} must be a number > 0 {unit(self.axis)}{power} "
                    f"(got {value})"
                )
        low = self.min_velocity
        if low is not None and not (isfinite(low) and low <= 0.0):
            raise ParameterError(
                f"{self.axis}.min_velocity must be a number <= 0 {unit(self.axis)}, so that "
                f"standing still is always within the limits (got {low})"
            )
        fall = self.min_jerk
        if fall is not None and not (isfinite(fall) and fall < 0.0):
            raise ParameterError(
                f"{self.axis}.min_jerk must be a number < 0 {unit(self.axis)}3 (got {fall})"
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

    @property
    def jerk_up(self) -> float:
        """Fastest rise of the acceleration; inf where it is not limited."""
        return _first(self.max_jerk)

    @property
    def jerk_down(self) -> float:
        """Fastest fall of the acceleration, as a magnitude."""
        return self.jerk_up if self.min_jerk is None else -self.min_jerk

    @property
    def smooth(self) -> bool:
        """Whether the jerk is limited at all."""
        return min(self.jerk_up, self.jerk_down) < inf

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

    def window(self, velocity: float, acceleration: float, dt_s: float) -> tuple[float, float]:
        """`reach`, and of that what the jerk limits leave after `acceleration`.

        Where the two contradict each other, the limits of velocity and acceleration hold.
        """
        low, high = self.reach(velocity, dt_s)
        least = velocity + (acceleration - self.jerk_down * dt_s) * dt_s if dt_s else -inf
        most = velocity + (acceleration + self.jerk_up * dt_s) * dt_s if dt_s else inf
        return min(max(least, low), high), max(min(most, high), low)

    def approach(self, velocity: float, acceleration: float, wanted: float, dt_s: float) -> float:
        """The next velocity on a way to `wanted` that ends there without acceleration."""
        low, high = self.window(velocity, acceleration, dt_s)
        last_step = min(self.jerk_up, self.jerk_down) * dt_s**2 if dt_s else 0.0
        if low <= wanted <= high and abs(wanted - velocity) <= last_step:
            return wanted
        if wanted >= velocity:
            planned = velocity + _settling(wanted - velocity, self.jerk_down, dt_s) * dt_s
        else:
            planned = velocity - _settling(velocity - wanted, self.jerk_up, dt_s) * dt_s
        return min(max(planned, low), high)

    def loosened(self, older: AxisLimits) -> list[str]:
        """Names of the limits that allow more here than in `older`."""
        pairs = {
            "max_velocity": (self.highest, older.highest),
            "min_velocity": (-self.lowest, -older.lowest),
            "max_acceleration": (self.speeding_up, older.speeding_up),
            "max_deceleration": (self.slowing_down, older.slowing_down),
            "max_acceleration_reverse": (self.speeding_up_reverse, older.speeding_up_reverse),
            "max_deceleration_reverse": (self.slowing_down_reverse, older.slowing_down_reverse),
            "max_jerk": (self.jerk_up, older.jerk_up),
            "min_jerk": (self.jerk_down, older.jerk_down),
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


def _settling(way: float, jerk: float, dt_s: float) -> float:
    """The greatest acceleration over `dt_s` that, falling at `jerk` from then on, ends in time.

    Solves way = a * dt + a^2 / (2 * jerk); the steps of any later ticks stay below that parabola.
    """
    if jerk == inf:
        return way / dt_s if dt_s else 0.0
    return jerk * (sqrt(dt_s**2 + 2.0 * way / jerk) - dt_s)
