# SPDX-License-Identifier: Apache-2.0
"""What a check is: one class a file in `checks/`, or one of another package.

Another package offers its checks by the entry point group `vla_safety.checks`, each under its
own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.finding import Finding, Severity
from vla_safety.instant import Instant
from vla_safety.situation import Situation
from vla_safety.source import Command
from vla_safety.specification import Specification
from vla_safety.velocity import Velocity

CHECKS_GROUP = "vla_safety.checks"


class Check:
    """Looks at each command as it arrives (`admit`) and at the one in force (`watch`).

    `watch` runs at each tick. Both return None when all is well. A check of severity CLAMP has
    `restrain` instead of the two: it slows the robot down and stops nobody.

    A subclass states its `name` (the key in YAML, and under which its findings are counted), its
    `severity`, the `fallback` that drives by default while it finds something, whether only
    several fresh commands end the stop (`needs_fresh_commands`), and its `parameters`, named
    `<name>.<something>`.
    """

    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.STOP
    fallback: ClassVar[str] = "stop"
    needs_fresh_commands: ClassVar[bool] = False
    parameters: ClassVar[tuple[Specification, ...]] = ()

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take new values of its `parameters`; they have been checked."""

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """What is wrong with `command`, which has just arrived; if anything, it is refused."""
        return None

    def watch(self, situation: Situation) -> Finding | None:
        """What is wrong at this tick; `situation.command` is there."""
        return None

    def restrain(
        self, velocity: Velocity, situation: Situation
    ) -> tuple[Velocity, Finding | None]:
        """As much of `velocity` as may be driven now, and what keeps the rest back, if anything.

        Called once at each tick, with what the source or a fallback policy wants, within the
        velocity limits. Towards less speed only: the acceleration limits lead there.
        """
        return velocity, None

    def report(self) -> Mapping[str, str]:
        """More values for the state and the diagnostics, by key."""
        return {}

    def finding(
        self,
        reason: str,
        detail: str,
        value: float | None = None,
        limit: float | None = None,
        unit: str = "",
    ) -> Finding:
        """A finding of this check."""
        return Finding(
            check=self.name,
            reason=reason,
            severity=self.severity,
            detail=detail,
            value=value,
            limit=limit,
            unit=unit,
            needs_fresh_commands=self.needs_fresh_commands,
        )
