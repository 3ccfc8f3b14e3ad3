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

    `watch` runs at each tick and at each arrival. Both return None when all is well. `restrain`
    slows the robot down and stops nobody; a check of severity CLAMP has only that.

    A subclass states its `name` (the key in YAML, and under which its findings are counted), the
    gravest `severity` of its findings, the `fallback` that drives by default while it keeps the
    source out, whether only several fresh commands end that (`needs_fresh_commands`), whether it
    looks at learned sources alone (`of_policy`), whether there has to be a command for it to
    `watch` anything (`needs_command`), and its `parameters`, named `<name>.<something>`.
    """

    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.STOP
    fallback: ClassVar[str] = "stop"
    needs_fresh_commands: ClassVar[bool] = False
    of_policy: ClassVar[bool] = False
    needs_command: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = ()

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take new values of the parameters; they have been checked."""

    def begin_anew(self) -> None:
        """Let old findings rest: a person has looked at the robot and arms the gate."""

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """What is wrong with `command`, which has just arrived.

        It is refused for a finding of severity STOP or LATCH; any other is told, and it passes.
        """
        return None

    def watch(self, situation: Situation) -> Finding | None:
        """What is wrong now; `situation.command` is there where `needs_command` says so."""
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
        *,
        severity: Severity | None = None,
        share: float = 1.0,
        fault: bool = False,
    ) -> Finding:
        """A finding of this check, of its own severity where none is given."""
        severity = self.severity if severity is None else severity
        return Finding(
            check=self.name,
            reason=reason,
            severity=severity,
            detail=detail,
            value=value,
            limit=limit,
            unit=unit,
            needs_fresh_commands=self.needs_fresh_commands and severity.keeps_out,
            share=share,
            fault=fault,
        )
