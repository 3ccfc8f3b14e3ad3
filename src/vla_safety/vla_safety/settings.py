# SPDX-License-Identifier: Apache-2.0
"""All parameters of the gate as one whole: right together, or refused together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from vla_safety.check import Check
from vla_safety.checks import BUILTIN_CHECKS, ESSENTIAL_CHECKS
from vla_safety.errors import ParameterError
from vla_safety.fallback import Fallback
from vla_safety.finding import Severity
from vla_safety.limits import AxisLimits, Limits
from vla_safety.plugins import find_check, find_fallback
from vla_safety.specification import Specification
from vla_safety.velocity import AXES, unit

# Keys of the fallback policies for what is not a check.
E_STOP = "e_stop"
DISARMED = "disarmed"

_GENERAL = (
    Specification(
        "robot_name",
        str,
        "robot",
        "Name of the robot, as hardware_id in the diagnostics",
        read_only=True,
    ),
    Specification(
        "enable_stamped_cmd_vel",
        bool,
        False,
        "Publish TwistStamped, stamped with the time of publication, instead of Twist",
        read_only=True,
    ),
    Specification(
        "base_frame_id", str, "base_link", "Frame of the stamped output", read_only=True
    ),
    Specification(
        "axes",
        list,
        ["linear.x", "angular.z"],
        "Axes that the robot has; the others are always zero",
        read_only=True,
    ),
    Specification(
        "checks",
        list,
        list(BUILTIN_CHECKS),
        "Checks that run; of several that find something the first decides",
        read_only=True,
    ),
    Specification(
        "fresh_commands_to_resume",
        int,
        3,
        "Good commands in a row that end a stop for silence or age",
        low=1,
        high=1000,
        looser="lower",
    ),
)
_BY_NAME = {specification.name: specification for specification in _GENERAL}

_VELOCITY_MAX = 100.0
_ACCELERATION_MAX = 1000.0
_SMALLEST = 0.001


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked values of every parameter and what they mean; made by `from_values` only."""

    values: Mapping[str, Any]
    table: Mapping[str, Specification]
    limits: Limits
    checks: tuple[type[Check], ...]
    fallbacks: Mapping[str, type[Fallback]]

    @classmethod
    def from_values(cls, given: Mapping[str, Any] | None = None) -> Settings:
        """Settings with `given` values and defaults for the rest; ParameterError names a fault."""
        given = dict(given or {})
        axes = _axes(_BY_NAME["axes"].check(given.get("axes", _BY_NAME["axes"].default)))
        checks = _checks(_BY_NAME["checks"].check(given.get("checks", _BY_NAME["checks"].default)))
        table = _table(axes, checks)
        unknown = sorted(given.keys() - table.keys())
        if unknown:
            raise ParameterError(_unknown(unknown[0], table))
        values = {name: row.check(given.get(name, row.default)) for name, row in table.items()}
        prefix = "fallbacks."
        return cls(
            values=values,
            table=table,
            limits=Limits(tuple(_axis_limits(axis, values) for axis in axes)),
            checks=checks,
            fallbacks={
                name.removeprefix(prefix): find_fallback(value)
                for name, value in values.items()
                if name.startswith(prefix)
            },
        )

    def changed(self, proposed: Mapping[str, Any]) -> Settings:
        """These settings with `proposed` values; raises ParameterError when they do not fit."""
        for name, value in proposed.items():
            if name in self.table and self.table[name].read_only and value != self.values[name]:
                raise ParameterError(f"{name} is set at start and cannot change (got {value!r})")
            if value is None and self.values.get(name) is not None:
                raise ParameterError(f"{name} cannot be taken away while the gate runs")
        return Settings.from_values({**self.values, **proposed})

    def loosened(self, older: Settings) -> list[str]:
        """Names of the parameters that allow more here than in `older`."""
        names = [
            name
            for name, row in self.table.items()
            if row.loosened(self.values[name], older.values[name])
        ]
        return names + self.limits.loosened(older.limits)


def is_meant_for_gate(name: str, checks: Iterable[str] = ()) -> bool:
    """Whether a parameter of this name can only be the gate's, rightly spelled or not.

    `checks` are the names of checks of other packages, whose parameters begin with them.
    """
    groups = {"linear", "angular", "fallbacks", *BUILTIN_CHECKS, *checks}
    plain = {row.name for check in BUILTIN_CHECKS.values() for row in check.parameters}
    return name in _BY_NAME or name in plain or name.partition(".")[0] in groups


def _axes(names: list[str]) -> tuple[str, ...]:
    wrong = [name for name in names if name not in AXES]
    if wrong or not names or len(set(names)) != len(names):
        raise ParameterError(f"axes must name each axis once, of {', '.join(AXES)} (got {names})")
    return tuple(names)


def _checks(names: list[str]) -> tuple[type[Check], ...]:
    if len(set(names)) != len(names):
        raise ParameterError(f"checks must name each check once (got {names})")
    missing = [name for name in ESSENTIAL_CHECKS if name not in names]
    if missing:
        raise ParameterError(
            f"checks must contain {' and '.join(missing)}, without which no gate is safe "
            f"(got {names})"
        )
    return tuple(find_check(name) for name in names)


def _table(axes: Iterable[str], checks: Iterable[type[Check]]) -> dict[str, Specification]:
    """Every parameter of a gate with these axes and checks, by name."""
    rows = [*_GENERAL]
    rows += [row for axis in axes for row in _axis_rows(axis)]
    rows += [_fallback_row(E_STOP, "brake"), _fallback_row(DISARMED, "stop")]
    for check in checks:
        if check.severity is not Severity.CLAMP:
            rows.append(_fallback_row(check.name, check.fallback))
        rows += check.parameters
    table: dict[str, Specification] = {}
    for row in rows:
        if row.name in table:
            raise ParameterError(f"two checks declare the parameter {row.name}")
        table[row.name] = row
    return table


def _fallback_row(reason: str, default: str) -> Specification:
    return Specification(
        f"fallbacks.{reason}",
        str,
        default,
        f"Fallback policy that drives while the reason is {reason}",
        read_only=True,
    )


def _axis_rows(axis: str) -> list[Specification]:
    velocity, rate = (0.6, 2.5) if axis.startswith("linear.") else (1.5, 6.0)
    rate_unit = f"{unit(axis)}2"

    def limit(name: str, default: float | None, meaning: str) -> Specification:
        per = rate_unit if "celeration" in name else unit(axis)
        high = _ACCELERATION_MAX if "celeration" in name else _VELOCITY_MAX
        return Specification(
            f"{axis}.{name}", float, default, meaning, unit=per, low=_SMALLEST, high=high
        )

    return [
        limit("max_velocity", velocity, "Largest velocity"),
        Specification(
            f"{axis}.min_velocity",
            float,
            None,
            "Most negative velocity (0: never backward); absent: -max_velocity",
            unit=unit(axis),
            low=-_VELOCITY_MAX,
            high=0.0,
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
    ]


def _axis_limits(axis: str, values: Mapping[str, Any]) -> AxisLimits:
    prefix = f"{axis}."
    return AxisLimits(
        axis,
        **{
            name.removeprefix(prefix): value
            for name, value in values.items()
            if name.startswith(prefix)
        },
    )


def _unknown(name: str, table: Mapping[str, Specification]) -> str:
    close = get_close_matches(name, table, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"there is no parameter {name} with these axes and checks{hint}"
