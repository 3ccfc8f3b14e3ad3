# SPDX-License-Identifier: Apache-2.0
"""Stops the robot when no good command has come for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding
from vla_safety.instant import SECOND_NS, nanoseconds
from vla_safety.situation import Situation
from vla_safety.specification import Specification

TIMEOUT = Specification(
    name="cmd_vel_timeout",
    kind=float,
    default=0.2,
    description="Longest silence of a source, on the steady clock, before the robot stops",
    unit="s",
    low=0.02,
    high=10.0,
    looser="higher",
)


def timeout_name(source: str) -> str:
    """Name of the parameter with which a source has a timeout of its own."""
    return f"topics.{source}.timeout"


class CommandTimeout(Check):
    """Finds that the newest accepted command arrived longer ago than its source's timeout.

    Measured on the steady clock from its arrival: no stamp, however far in the future, and no
    jump of the node clock delays it.
    """

    name: ClassVar[str] = "command_timeout"
    needs_fresh_commands: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (TIMEOUT,)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the timeouts."""
        self._values = values

    def watch(self, situation: Situation) -> Finding | None:
        """A finding when the silence is longer than the timeout."""
        assert situation.command is not None
        timeout_s, name = self._timeout(situation.command.source)
        silence_ns = situation.now.steady_ns - situation.command.arrived_ns
        if silence_ns <= nanoseconds(timeout_s):
            return None
        return self.finding(
            "command timeout",
            f"no good command of {situation.command.source} for more than {name} {timeout_s:g} s",
            value=silence_ns / SECOND_NS,
            limit=timeout_s,
            unit="s",
        )

    def _timeout(self, source: str) -> tuple[float, str]:
        own = self._values.get(timeout_name(source))
        if own is not None:
            return own, timeout_name(source)
        return self._values[TIMEOUT.name], TIMEOUT.name
