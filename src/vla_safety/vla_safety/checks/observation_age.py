# SPDX-License-Identifier: Apache-2.0
"""Refuses commands that were computed from an old image, or from one of the future."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding
from vla_safety.instant import SECOND_NS, Instant
from vla_safety.situation import Situation
from vla_safety.source import Command
from vla_safety.specification import Specification

MAX_AGE = Specification(
    name="observation_age.max_age",
    kind=float,
    default=0.5,
    description="Oldest image that a command may be computed from, on the node clock",
    unit="s",
    low=0.02,
    high=60.0,
    looser="higher",
)
MAX_AHEAD = Specification(
    name="observation_age.max_ahead",
    kind=float,
    default=0.1,
    description="How far in the future the stamp of a command may lie, on the node clock",
    unit="s",
    low=0.0,
    high=10.0,
    looser="higher",
)


class ObservationAge(Check):
    """Finds that a command's image stamp lies more than `max_age` back or `max_ahead` ahead."""

    name: ClassVar[str] = "observation_age"
    needs_fresh_commands: ClassVar[bool] = True
    of_policy: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (MAX_AGE, MAX_AHEAD)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take both limits."""
        self._max_age_s: float = values[MAX_AGE.name]
        self._max_ahead_s: float = values[MAX_AHEAD.name]

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """A finding when `command` arrives with a stamp out of bounds."""
        return self._judge(command, now)

    def watch(self, situation: Situation) -> Finding | None:
        """A finding when the command in force has grown too old, or the clock has jumped."""
        assert situation.command is not None
        return self._judge(situation.command, situation.now)

    def _judge(self, command: Command, now: Instant) -> Finding | None:
        age_s = (now.clock_ns - command.stamp_ns) / SECOND_NS
        if age_s > self._max_age_s:
            return self.finding(
                "observation too old",
                f"the command's image is older than {MAX_AGE.name} {self._max_age_s:g} s",
                value=age_s,
                limit=self._max_age_s,
                unit="s",
            )
        if -age_s > self._max_ahead_s:
            return self.finding(
                "stamp in the future",
                f"the command's stamp is more than {MAX_AHEAD.name} {self._max_ahead_s:g} s ahead",
                value=-age_s,
                limit=self._max_ahead_s,
                unit="s",
            )
        return None
