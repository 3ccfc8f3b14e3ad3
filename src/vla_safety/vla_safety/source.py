# SPDX-License-Identifier: Apache-2.0
"""A source of commands: what it sent last, and whether its word is good at present."""

from __future__ import annotations

from dataclasses import dataclass

from vla_safety.finding import Finding, gravest_of_a_kind
from vla_safety.velocity import ZERO, Velocity


@dataclass(frozen=True, slots=True)
class Command:
    """A velocity, the stamp of its image [ns, node clock] and its arrival [ns, steady]."""

    velocity: Velocity
    stamp_ns: int
    arrived_ns: int
    source: str = "policy"


@dataclass(frozen=True, slots=True)
class Profile:
    """Where a source's commands come from, and how much they count.

    `stamped`: TwistStamped instead of Twist. `learned`: the commands are a model's, with the
    stamp of the image that they were computed from; the checks of models apply.
    """

    name: str
    topic: str
    priority: int
    stamped: bool
    learned: bool
    timeout_ns: int


class Source:
    """Remembers the commands of one sender; each arrival is either accepted or refused."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.accepted: Command | None = None
        self.heard: Command | None = None
        self.refusal: Finding | None = None
        self.interruption: Finding | None = None
        self.fresh = 0
        self._found: list[Finding] = []

    @property
    def name(self) -> str:
        """Its key in YAML."""
        return self.profile.name

    def accept(self, command: Command, fresh_to_resume: int) -> None:
        """Take `command` as the one in force; enough of them in a row end an interruption."""
        self.heard = self.accepted = command
        self.refusal = None
        self.fresh += 1
        if self.fresh >= fresh_to_resume:
            self.interruption = None

    def refuse(self, command: Command, finding: Finding) -> None:
        """Keep `command` out: it leaves the one in force as it is and refreshes nothing."""
        self.heard = command
        self.refusal = finding
        self.note(finding)
        self.interrupt(finding)

    def note(self, finding: Finding) -> None:
        """Keep `finding` for the next tick: one of a kind, for a flood must not grow a list."""
        self._found = list(gravest_of_a_kind([*self._found, finding]))

    def interrupt(self, finding: Finding) -> None:
        """Start the count of fresh commands anew; `finding` says whether passing waits for it."""
        self.fresh = 0
        if finding.needs_fresh_commands:
            self.interruption = finding

    def take_found(self) -> list[Finding]:
        """What was found in arrivals since the last call, one of a kind, oldest first."""
        taken, self._found = self._found, []
        return taken

    def heard_within(self, duration_ns: int, now_steady_ns: int) -> bool:
        """Whether anything at all, accepted or refused, arrived in the last `duration_ns`."""
        return self.heard is not None and now_steady_ns - self.heard.arrived_ns <= duration_ns

    def is_live(self, now_steady_ns: int) -> bool:
        """Whether it was heard within its timeout."""
        return self.heard_within(self.profile.timeout_ns, now_steady_ns)

    def wants_to_move(self, now_steady_ns: int) -> bool:
        """Whether it is live and the last thing heard asks for anything but standing still."""
        return (
            self.heard is not None and self.is_live(now_steady_ns) and self.heard.velocity != ZERO
        )
