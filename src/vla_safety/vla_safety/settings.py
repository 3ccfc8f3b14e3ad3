# SPDX-License-Identifier: Apache-2.0
"""All parameters of the gate as one whole: right together, or refused together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from vla_safety import table as tables
from vla_safety.axis_table import axis_limits
from vla_safety.check import Check
from vla_safety.checks import BUILTIN_CHECKS, ESSENTIAL_CHECKS
from vla_safety.errors import ParameterError
from vla_safety.fallback import Fallback
from vla_safety.fallbacks import BUILTIN_FALLBACKS
from vla_safety.fallbacks.brake import Brake
from vla_safety.fallbacks.stop import Stop
from vla_safety.limits import Limits
from vla_safety.plugins import find_check, find_fallback
from vla_safety.source import Profile
from vla_safety.source_table import SOURCES, source_names, source_profiles
from vla_safety.specification import Specification
from vla_safety.velocity import AXES

_FALLBACKS = "fallbacks."
_STANDING = (Stop.name, Brake.name)
_GROUPS = {
    "linear",
    "angular",
    "ceilings",
    "topics",
    "scan",
    "e_stop",
    "audit_log",
    "fallbacks",
    *BUILTIN_CHECKS,
    *BUILTIN_FALLBACKS,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked values of every parameter and what they mean; made by `from_values` only."""

    values: Mapping[str, Any]
    table: Mapping[str, Specification]
    limits: Limits
    profiles: tuple[Profile, ...]
    checks: tuple[type[Check], ...]
    fallbacks: Mapping[str, type[Fallback]]

    @classmethod
    def from_values(cls, given: Mapping[str, Any] | None = None) -> Settings:
        """Settings with `given` values and defaults for the rest; ParameterError names a fault."""
        given = dict(given or {})
        axes = _axes(_listed(tables.AXES, given))
        sources = source_names(_listed(SOURCES, given))
        checks = _checks(_listed(tables.CHECKS, given))
        fallbacks = _fallbacks(checks, given)
        table = tables.build_table(axes, sources, checks, fallbacks.values())
        unknown = sorted(given.keys() - table.keys())
        if unknown:
            raise ParameterError(_unknown(unknown[0], table))
        values = {name: row.check(given.get(name, row.default)) for name, row in table.items()}
        return cls(
            values=values,
            table=table,
            limits=Limits(
                tuple(axis_limits(axis, values) for axis in axes), values["preserve_curvature"]
            ),
            profiles=source_profiles(sources, values),
            checks=checks,
            fallbacks=fallbacks,
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
            if row.loosened(self._in_force(row), older._in_force(row))
        ]
        return names + self.limits.loosened(older.limits)

    def _in_force(self, row: Specification) -> Any:
        """The value of `row`, or what stands for it while it is absent."""
        value = self.values[row.name]
        return self.values[row.otherwise] if value is None and row.otherwise else value


def is_meant_for_gate(name: str, checks: Iterable[str] = ()) -> bool:
    """Whether a parameter of this name can only be the gate's, rightly spelled or not.

    `checks` are the names of checks of other packages, whose parameters begin with them.
    """
    plain = {row.name for row in tables.GENERAL}
    plain |= {row.name for check in BUILTIN_CHECKS.values() for row in check.parameters}
    return name in plain or name.partition(".")[0] in _GROUPS | {*checks}


def _listed(row: Specification, given: Mapping[str, Any]) -> list[str]:
    names: list[str] = row.check(given.get(row.name, row.default))
    return names


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


def _fallbacks(
    checks: tuple[type[Check], ...], given: Mapping[str, Any]
) -> dict[str, type[Fallback]]:
    """The fallback policy for every reason."""
    chosen = {
        row.name.removeprefix(_FALLBACKS): row.check(given.get(row.name, row.default))
        for row in tables.fallback_rows(checks)
    }
    for reason in (tables.E_STOP, tables.DISARMED):
        find_fallback(chosen[reason])
        if chosen[reason] not in _STANDING:
            raise ParameterError(
                f"{_FALLBACKS}{reason} must be {' or '.join(_STANDING)}, which never set a robot "
                f"in motion (got {chosen[reason]!r})"
            )
    return {reason: find_fallback(name) for reason, name in chosen.items()}


def _unknown(name: str, table: Mapping[str, Specification]) -> str:
    close = get_close_matches(name, table, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"there is no parameter {name} with these axes, sources and checks{hint}"
