# SPDX-License-Identifier: Apache-2.0
"""The checks that come with the gate, by name."""

from __future__ import annotations

from vla_safety.check import Check
from vla_safety.checks.command_timeout import CommandTimeout
from vla_safety.checks.finite import Finite
from vla_safety.checks.observation_age import ObservationAge
from vla_safety.checks.obstacle import Obstacle

BUILTIN_CHECKS: dict[str, type[Check]] = {
    check.name: check for check in (Finite, CommandTimeout, ObservationAge, Obstacle)
}
# Without these the other promises do not hold: no list of checks may leave them out.
ESSENTIAL_CHECKS = (Finite.name, CommandTimeout.name)
