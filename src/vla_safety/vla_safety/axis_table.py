# SPDX-License-Identifier: Apache-2.0
"""The parameters of an axis: its limits, and the ceilings that no limit may exceed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_safety.axis_limits import AxisLimits
from vla_safety.errors import ParameterError
from vla_safety.specification import Specification
from vla_safety.velocity import unit

_SMALLEST = 0.001
_VELOCITY_MAX = 100.0
_ACCELERATION_MAX = 1000.0
_JERK_MAX = 100_000.0

CEILINGS = "ceilings"
# Ceiling -> the limits that it holds down.
_UNDER = {
    "max_velocity": ("max_velocity", "min_velocity"),
    "max_acceleration": ("max_acceleration", "max_acceleration_reverse"),
    "max_deceleration": ("max_deceleration", "max_deceleration_reverse"),
    "max_jerk": ("max_jerk", "min_jerk"),
}


def axis_rows(axis: str) -> list[Specification]:
    """The parameters of `axis`."""
    return _limit_rows(axis) + _ceiling_rows(axis)


def axis_limits(axis: str, values: Mapping[str, Any]) -> AxisLimits:
    """The limits that `values` give `axis`; ParameterError where one is above its ceiling."""
    for ceiling, names in _UNDER.items():
        highest = values[f"{CEILINGS}.{axis}.{ceiling}"]
        for name in names:
            _require_under(f"{axis}.{name}", values[f"{axis}.{name}"], highest, axis, ceiling)
    prefix = f"{axis}."
    return AxisLimits(
        axis,
        **{
            name.removeprefix(prefix): value
            for name, value in values.items()
            if name.startswith(prefix)
        },
    )


def _require_under(
    name: str, value: float | None, highest: float | None, axis: str, ceiling: str
) -> None:
    if value is not None and highest is not None and abs(value) > highest:
        raise ParameterError(
            f"{name} must not be above {CEILINGS}.{axis}.{ceiling} {highest:g} (got {value})"
        )


def _limit_rows(axis: str) -> list[Specification]:
    velocity, rate = (0.6, 2.5) if axis.startswith("linear.") else (1.5, 6.0)

    def limit(name: str, default: float | None, meaning: str) -> Specification:
        return _positive(axis, name, f"{axis}.{name}", default, meaning)

    def negative(name: str, lowest: float, highest: float, meaning: str) -> Specification:
        per = "3" if "jerk" in name else ""
        return Specification(
            f"{axis}.{name}",
            float,
            None,
            meaning,
            unit=f"{unit(axis)}{per}",
            low=lowest,
            high=highest,
        )

    return [
        limit("max_velocity", velocity, "Largest velocity"),
        negative(
            "min_velocity",
            -_VELOCITY_MAX,
            0.0,
            "Most negative velocity (0: never backward); absent: -max_velocity",
        ),
        limit("max_acceleration", rate, "Rate of speeding up"),
        limit("max_deceleration", rate, "Rate of slowing down, also of the stop ramp"),
        limit(
            "max_acceleration_reverse",
            None,
            "Rate of speeding up backward; absent: max_acceleration",
        ),
        limit(
            "max_deceleration_reverse",
            None,
            "Rate of slowing down backward; absent: max_deceleration",
        ),
        limit("max_jerk", None, "Rise of the acceleration; absent: not limited"),
        negative(
            "min_jerk", -_JERK_MAX, -_SMALLEST, "Fall of the acceleration; absent: -max_jerk"
        ),
    ]


def _ceiling_rows(axis: str) -> list[Specification]:
    velocity, rate = (1.0, 10.0) if axis.startswith("linear.") else (3.0, 30.0)
    defaults = {"max_velocity": velocity, "max_acceleration": rate, "max_deceleration": rate}
    return [
        _positive(
            axis,
            name,
            f"{CEILINGS}.{axis}.{name}",
            defaults.get(name),
            f"No {' or '.join(under)} of {axis} may ever be above this",
            read_only=True,
        )
        for name, under in _UNDER.items()
    ]


def _positive(
    axis: str,
    name: str,
    full_name: str,
    default: float | None,
    meaning: str,
    read_only: bool = False,
) -> Specification:
    per, high = "", _VELOCITY_MAX
    if "celeration" in name:
        per, high = "2", _ACCELERATION_MAX
    elif "jerk" in name:
        per, high = "3", _JERK_MAX
    return Specification(
        full_name,
        float,
        default,
        meaning,
        unit=f"{unit(axis)}{per}",
        low=_SMALLEST,
        high=high,
        read_only=read_only,
    )
