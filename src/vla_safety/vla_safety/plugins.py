# SPDX-License-Identifier: Apache-2.0
"""Finds checks and fallback policies by name: those of the gate, then those of other packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from vla_safety.check import CHECKS_GROUP, Check
from vla_safety.checks import BUILTIN_CHECKS
from vla_safety.errors import ParameterError
from vla_safety.fallback import FALLBACKS_GROUP, Fallback
from vla_safety.fallbacks import BUILTIN_FALLBACKS
from vla_safety.finding import Severity

Plugin = TypeVar("Plugin")


def find_check(name: str) -> type[Check]:
    """The check called `name`; raises ParameterError, with the known names, when there is none."""
    check = _find(name, BUILTIN_CHECKS, Check, CHECKS_GROUP, "check")
    restrains = check.restrain is not Check.restrain
    finds = check.admit is not Check.admit or check.watch is not Check.watch
    clamps = check.severity is Severity.CLAMP
    if not (restrains or finds) or (clamps and (finds or not restrains)):
        raise ParameterError(
            f"the check {name} of severity {check.severity.name.lower()} must have restrain "
            "(severity clamp: nothing else), admit or watch"
        )
    return check


def find_fallback(name: str) -> type[Fallback]:
    """The fallback policy called `name`; raises ParameterError when there is none."""
    return _find(name, BUILTIN_FALLBACKS, Fallback, FALLBACKS_GROUP, "fallback policy")


def _find(
    name: str, builtin: Mapping[str, type[Plugin]], base: type[Plugin], group: str, what: str
) -> type[Plugin]:
    # Built-in names first: no other package can replace one of the gate's own.
    if name in builtin:
        return builtin[name]
    found = {entry.name: entry for entry in entry_points(group=group)}
    if name not in found:
        known = ", ".join(sorted({*builtin, *found}))
        raise ParameterError(f"there is no {what} called {name!r} (known: {known})")
    return _load(found[name], base, what)


def _load(entry: EntryPoint, base: type[Plugin], what: str) -> type[Plugin]:
    try:
        loaded: Any = entry.load()
    except Exception as error:  # the code of another package: anything may come out of it
        raise ParameterError(
            f"the {what} {entry.name!r} ({entry.value}) does not load: {error!r}"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise ParameterError(
            f"the {what} {entry.name!r} ({entry.value}) must be a subclass of "
            f"{base.__module__}.{base.__name__}"
        )
    if getattr(loaded, "name", None) != entry.name:
        raise ParameterError(
            f"the {what} {entry.name!r} ({entry.value}) calls itself "
            f"{getattr(loaded, 'name', None)!r}: both names must be the same"
        )
    return loaded
