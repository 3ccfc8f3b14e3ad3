# SPDX-License-Identifier: Apache-2.0
"""Turns ticks into a history: what began, what ended, how often; each told once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from vla_safety.decision import Decision, State
from vla_safety.finding import Finding
from vla_safety.instant import SECOND_NS

# A cut command flickers with every step of a policy: it is one intervention until it rests.
REST_NS = SECOND_NS // 2
# A state that comes back within this time is not told again.
QUIET_NS = SECOND_NS


@dataclass(frozen=True, slots=True)
class Event:
    """Something that began, ended or changed.

    `kind` is 'state', 'intervention started', 'intervention ended' or 'parameters'.
    """

    kind: str
    state: State
    text: str
    finding: Finding | None = None
    duration_s: float | None = None


@dataclass(slots=True)
class _Open:
    finding: Finding
    started_ns: int
    seen_ns: int


class Audit:
    """Follows the decisions of a gate; `totals` counts the interventions by check."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self._open: dict[str, _Open] = {}
        self._told: tuple[State, str] | None = None
        self._told_ns: dict[tuple[State, str], int] = {}

    def observe(self, decision: Decision, now_steady_ns: int) -> list[Event]:
        """The events of this tick, in the order in which they happened."""
        state = self.shown(decision)[0]
        started = [
            self._start(finding, state, now_steady_ns)
            for finding in decision.interventions
            if not self._goes_on(finding, now_steady_ns)
        ]
        ended = self._end_rested(state, now_steady_ns)
        return started + ended + self._state_change(decision, now_steady_ns)

    def active(self) -> list[str]:
        """Keys of the interventions that go on, or have only just rested."""
        return sorted(self._open)

    def shown(self, decision: Decision) -> tuple[State, str]:
        """State and reason as people see them: clamping lasts until its interventions end."""
        found = [entry.finding for entry in self._open.values()]
        clamps = [finding for finding in found if not finding.severity.keeps_out]
        if decision.state is State.PASSING and clamps:
            return State.CLAMPING, clamps[0].reason
        return decision.state, decision.reason

    def _goes_on(self, finding: Finding, now_ns: int) -> bool:
        entry = self._open.get(finding.check)
        if entry is None:
            return False
        entry.finding, entry.seen_ns = finding, now_ns
        return True

    def _start(self, finding: Finding, state: State, now_ns: int) -> Event:
        self.totals[finding.check] += 1
        self._open[finding.check] = _Open(finding, now_ns, now_ns)
        return Event("intervention started", state, finding.detail, finding)

    def _end_rested(self, state: State, now_ns: int) -> list[Event]:
        ended = [key for key, entry in self._open.items() if now_ns - entry.seen_ns > REST_NS]
        return [self._end(self._open.pop(key), state) for key in ended]

    @staticmethod
    def _end(entry: _Open, state: State) -> Event:
        return Event(
            "intervention ended",
            state,
            f"no longer: {entry.finding.reason}",
            entry.finding,
            duration_s=(entry.seen_ns - entry.started_ns) / SECOND_NS,
        )

    def _state_change(self, decision: Decision, now_ns: int) -> list[Event]:
        shown = self.shown(decision)
        told_ns = self._told_ns.get(shown)
        quiet = told_ns is not None and now_ns - told_ns < QUIET_NS
        if shown == self._told or quiet:
            return []
        self._told = shown
        self._told_ns[shown] = now_ns
        return [Event("state", shown[0], shown[1])]
