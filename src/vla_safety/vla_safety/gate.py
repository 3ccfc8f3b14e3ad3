# SPDX-License-Identifier: Apache-2.0
"""The gate: what the robot is told, at every tick, whatever the sources send or fail to send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from vla_safety.answer import Answer
from vla_safety.arming import Arming
from vla_safety.checks.command_timeout import TIMEOUT, CommandTimeout
from vla_safety.clearance import Points
from vla_safety.errors import ParameterError
from vla_safety.estop import EStop
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS, Instant, nanoseconds
from vla_safety.scan import Scan
from vla_safety.settings import DISARMED, E_STOP, Settings
from vla_safety.situation import Situation
from vla_safety.source import Command, Source
from vla_safety.velocity import ZERO, Velocity

RATE_HZ = 50
PERIOD_NS = SECOND_NS // RATE_HZ
# Refusals this recent are the news; after that, silence is what there is to tell.
_NEWS_NS = SECOND_NS // 4


class State(Enum):
    """What the gate is doing."""

    DISARMED = "disarmed"
    WAITING = "waiting"
    PASSING = "passing"
    CLAMPING = "clamping"
    STOPPED = "stopped"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class Decision:
    """One tick's outcome: the `command` for the robot and why it is what it is.

    `interventions` are the findings that kept the source's word from passing as it was; `heard`
    is the newest command that arrived, accepted or not; `ramping` says that an acceleration limit
    shapes the command, which is no intervention.
    """

    command: Velocity
    state: State
    reason: str
    source: str
    interventions: tuple[Finding, ...] = ()
    heard: Command | None = None
    ramping: bool = False


class _KeptOut(NamedTuple):
    """Why the source may not drive, and the key of the fallback policy that does."""

    state: State
    reason: str
    fallback: str
    interventions: tuple[Finding, ...]


class Gate:
    """Turns the commands of a source into commands for the robot. Pure: time is passed in."""

    def __init__(self, settings: Settings) -> None:
        self.estop = EStop()
        self.arming = Arming()
        self.settings = settings
        self.source = Source("policy")
        self._checks = tuple(check() for check in settings.checks)
        self._order = {check.name: place for place, check in enumerate(settings.checks)}
        self._fallbacks = {name: policy() for name, policy in settings.fallbacks.items()}
        self._scan: Scan | None = None
        self._output = ZERO
        self._ticked_ns: int | None = None
        self._take(settings)

    def configure(self, settings: Settings) -> None:
        """Take other settings; ParameterError when armed and something would become looser."""
        self.allow(settings)
        self._take(settings)

    def allow(self, settings: Settings) -> None:
        """Raise ParameterError when `settings` may not be taken now."""
        looser = settings.loosened(self.settings)
        if self.arming.armed and looser:
            raise ParameterError(
                f"{', '.join(looser)} would allow more than now: disarm first, then change it"
            )

    def receive(
        self, velocity: Velocity, stamp_ns: int, now_steady_ns: int, now_clock_ns: int
    ) -> None:
        """Take a command that has just arrived; it is accepted or refused at once."""
        now = Instant(now_steady_ns, now_clock_ns)
        command = Command(velocity, stamp_ns, arrived_ns=now.steady_ns)
        self._watch(now)  # a gap that no tick saw still has to count
        findings = (check.admit(command, now) for check in self._checks)
        refusal = next((finding for finding in findings if finding is not None), None)
        if refusal is None:
            self.source.accept(command, self._fresh_to_resume)
        else:
            self.source.refuse(command, refusal)

    def receive_scan(
        self, points: Points, stamp_ns: int, now_steady_ns: int, now_clock_ns: int
    ) -> None:
        """Take the points [N, 2] of a scan that has just arrived, in the scanner's frame [m]."""
        delay_ns = max(now_clock_ns - stamp_ns, 0)
        self._scan = Scan(points, arrived_ns=now_steady_ns, delay_ns=delay_ns)

    def arm(self, armed: bool) -> Answer:
        """Arm or disarm on a person's request."""
        return self.arming.set(armed, e_stop_latched=self.estop.latched)

    def reset_estop(self, now_steady_ns: int) -> Answer:
        """Release the e-stop on a person's request, if that moves nothing."""
        timeout_ns = nanoseconds(self.settings.values[TIMEOUT.name])
        return self.estop.reset(self.source.wants_to_move(timeout_ns, now_steady_ns))

    def tick(self, now_steady_ns: int, now_clock_ns: int) -> Decision:
        """What the robot is told now: finite, within the limits, and zero wherever in doubt."""
        now = Instant(now_steady_ns, now_clock_ns)
        dt_s = self._elapsed_s(now)
        stops = self._stops(now)
        for finding in stops:
            if finding.severity is Severity.LATCH:
                self.estop.latch(finding.detail)
        situation = self._situation(now)
        kept_out = self._keep_out(stops, situation.command)
        if kept_out is not None:
            decision = self._fall_back(kept_out, situation, dt_s)
        else:
            assert situation.command is not None
            decision = self._pass(situation.command, situation, dt_s)
        self._output = decision.command
        return decision

    def reports(self) -> dict[str, str]:
        """What the checks have to say about themselves."""
        return {key: text for check in self._checks for key, text in check.report().items()}

    def _situation(self, now: Instant) -> Situation:
        return Situation(now, self.source.accepted, self._output, self._scan)

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        self._limits = settings.limits
        self._fresh_to_resume: int = settings.values["fresh_commands_to_resume"]
        for check in self._checks:
            check.configure(settings.values)

    def _elapsed_s(self, now: Instant) -> float:
        """Time since the last tick, within [0, 2 periods]: after a pause nothing may leap."""
        last_ns = now.steady_ns if self._ticked_ns is None else self._ticked_ns
        self._ticked_ns = now.steady_ns
        return min(max(now.steady_ns - last_ns, 0), 2 * PERIOD_NS) / SECOND_NS

    def _watch(self, now: Instant) -> list[Finding]:
        """What the checks find about the command in force, in their order."""
        if self.source.accepted is None:
            return []
        situation = self._situation(now)
        found = (check.watch(situation) for check in self._checks)
        findings = [finding for finding in found if finding is not None]
        for finding in reversed(findings):  # the first is the one that is told while resuming
            self.source.interrupt(finding)
        return findings

    def _stops(self, now: Instant) -> tuple[Finding, ...]:
        """Everything that keeps the source out at present, one of a kind, most telling first.

        First what was refused just now, then what is wrong with the command in force, then what
        has stood for a while. Within these the order of the checks decides.
        """
        refused, watched = self.source.take_refusals(), self._watch(now)
        standing = self.source.refusal
        if standing is not None and self.source.heard_within(_NEWS_NS, now.steady_ns):
            refused.append(standing)
        refused.sort(key=lambda finding: self._order[finding.check])
        return _one_of_a_kind([*refused, *watched, standing, self.source.interruption])

    def _keep_out(self, stops: tuple[Finding, ...], command: Command | None) -> _KeptOut | None:
        """Why the source may not drive now; None when it may."""
        if self.estop.latched:
            finding = Finding(E_STOP, "e-stop latched", Severity.LATCH, self.estop.cause)
            return _KeptOut(State.LATCHED, finding.reason, E_STOP, (finding,))
        if not self.arming.armed:
            return _KeptOut(State.DISARMED, "disarmed", DISARMED, ())
        if stops:
            return _KeptOut(State.STOPPED, stops[0].reason, stops[0].check, stops[:1])
        if command is None:
            return _KeptOut(State.WAITING, "waiting for a command", CommandTimeout.name, ())
        return None

    def _fall_back(self, kept: _KeptOut, situation: Situation, dt_s: float) -> Decision:
        """The command of the fallback policy for this reason, held to limits and restraints."""
        fallback = self._fallbacks[kept.fallback]
        asked = fallback.drive(situation)
        bounded, _ = self._limits.bound(asked if asked.finite else ZERO)
        wanted, restraints = self._restrain(bounded, situation)
        if not asked.finite or (fallback.hard and asked == ZERO):
            command = ZERO
        else:
            command = self._limits.step(situation.previous, wanted, dt_s)
        return Decision(
            command=command,
            state=kept.state,
            reason=kept.reason,
            source=self.source.name,
            interventions=kept.interventions + restraints,
            heard=self.source.heard,
            ramping=command != wanted,
        )

    def _pass(self, command: Command, situation: Situation, dt_s: float) -> Decision:
        """The source's own command, within the limits and the restraints."""
        bounded, cuts = self._limits.bound(command.velocity)
        wanted, restraints = self._restrain(bounded, situation)
        output = self._limits.step(situation.previous, wanted, dt_s)
        interventions = restraints + cuts
        return Decision(
            command=output,
            state=State.CLAMPING if interventions else State.PASSING,
            reason=interventions[0].reason if interventions else "passing",
            source=self.source.name,
            interventions=interventions,
            heard=self.source.heard,
            ramping=output != wanted,
        )

    def _restrain(
        self, velocity: Velocity, situation: Situation
    ) -> tuple[Velocity, tuple[Finding, ...]]:
        """What every check leaves of `velocity`, and what keeps the rest back."""
        findings = []
        for check in self._checks:
            velocity, finding = check.restrain(velocity, situation)
            if finding is not None:
                findings.append(finding)
        return velocity, tuple(findings)


def _one_of_a_kind(findings: Iterable[Finding | None]) -> tuple[Finding, ...]:
    """The first finding of each check, in order."""
    first: dict[str, Finding] = {}
    for finding in findings:
        if finding is not None:
            first.setdefault(finding.check, finding)
    return tuple(first.values())
