# SPDX-License-Identifier: Apache-2.0
"""The gate: what the robot is told, at every tick, whatever the sources send or fail to send."""

from __future__ import annotations

from collections.abc import Iterable

from vla_safety.answer import Answer
from vla_safety.arming import Arming
from vla_safety.check import Check
from vla_safety.checks.command_timeout import CommandTimeout
from vla_safety.clearance import Points
from vla_safety.decision import Decision, KeptOut, State
from vla_safety.errors import ParameterError
from vla_safety.estop import EStop
from vla_safety.fallback import Fallback
from vla_safety.fault_count import FaultCount
from vla_safety.finding import Finding, Severity, gravest_of_a_kind
from vla_safety.instant import SECOND_NS, Instant, nanoseconds
from vla_safety.odometry import Odometry
from vla_safety.ramp import Ramp
from vla_safety.senses import Senses
from vla_safety.settings import Settings
from vla_safety.situation import Situation
from vla_safety.source import Command, Source
from vla_safety.sources import Sources
from vla_safety.table import DISARMED, E_STOP
from vla_safety.topics import E_STOP as E_STOP_INPUT
from vla_safety.velocity import ZERO, Velocity

RATE_HZ = 50
PERIOD_NS = SECOND_NS // RATE_HZ
# Refusals this recent are the news; after that, silence is what there is to tell.
_NEWS_NS = SECOND_NS // 4


class Gate:
    """Turns the commands of several sources into one for the robot. Pure: time is passed in.

    `latched_because`: the gate before this one ended latched for this cause, and so this begins.
    """

    def __init__(self, settings: Settings, latched_because: str = "") -> None:
        self.estop = EStop(latched_because)
        self.arming = Arming()
        self.settings = settings
        self.senses = Senses(settings.values)
        self.sources = Sources(settings.profiles)
        self._checks = tuple(check() for check in settings.checks)
        self._order = {check.name: place for place, check in enumerate(settings.checks)}
        self._timeout = next(c for c in self._checks if isinstance(c, CommandTimeout))
        self._fallbacks = {name: policy() for name, policy in settings.fallbacks.items()}
        self._driving: Fallback | None = None
        self._faults = FaultCount(settings.values["faults_to_latch"])
        self._ramp = Ramp()
        self._ticked_ns: int | None = None
        self._take(settings)

    @property
    def source(self) -> Source:
        """The source that has the word."""
        return self.sources.active

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
        self,
        velocity: Velocity,
        stamp_ns: int,
        now_steady_ns: int,
        now_clock_ns: int,
        source: str = "policy",
    ) -> None:
        """Take a command that has just arrived; it is accepted or refused at once."""
        now = Instant(now_steady_ns, now_clock_ns)
        sender = self.sources[source]
        command = Command(velocity, stamp_ns, arrived_ns=now.steady_ns, source=source)
        self._notice_gap(sender, now)
        refusal = self._admit(sender, command, now)
        if refusal is None:
            sender.accept(command, self._fresh_to_resume)
        else:
            sender.refuse(command, refusal)

    def receive_scan(
        self,
        points: Points,
        stamp_ns: int,
        now_steady_ns: int,
        now_clock_ns: int,
        bearings: Points | None = None,
    ) -> None:
        """Take the points [N, 2] of a scan that has just arrived, in the scanner's frame [m].

        `bearings` [M]: the directions of all rays that told something, if that is known.
        """
        now = Instant(now_steady_ns, now_clock_ns)
        self.senses.take_scan(points, stamp_ns, now, bearings)

    def receive_odometry(self, odometry: Odometry) -> None:
        """Take what the base says about its motion."""
        self.senses.odometry = odometry

    def press_e_stop(self, active: bool, now_steady_ns: int) -> None:
        """Take the state of the e-stop's input."""
        self.estop.set_input(active, E_STOP_INPUT, now_steady_ns)

    def arm(self, armed: bool) -> Answer:
        """Arm or disarm on a person's request."""
        answer = self.arming.set(armed, e_stop_latched=self.estop.latched)
        if self.arming.armed:
            for check in self._checks:
                check.begin_anew()
        return answer

    def reset_estop(self, now_steady_ns: int) -> Answer:
        """Release the e-stop on a person's request, if that moves nothing."""
        return self.estop.reset(self.sources.wants_to_move(now_steady_ns))

    def tick(self, now_steady_ns: int, now_clock_ns: int) -> Decision:
        """What the robot is told now: finite, within the limits, and zero wherever in doubt."""
        now = Instant(now_steady_ns, now_clock_ns)
        dt_s = self._elapsed_s(now)
        self._expect_beat(now)
        self.senses.follow(self._ramp.output, now.steady_ns)
        source = self.sources.choose(now.steady_ns, standing=self._ramp.output == ZERO)
        found = self._found(source, now)
        for finding in found:
            if finding.severity is Severity.LATCH:
                self.estop.latch(finding.detail)
        situation = self._situation(source, now)
        kept_out = self._keep_out(found, situation.command)
        self._hand_over(kept_out, situation)
        if kept_out is None:
            return self._pass(found, situation, dt_s)
        return self._fall_back(kept_out, situation, dt_s)

    def reports(self) -> dict[str, str]:
        """What senses and checks have to say about themselves."""
        reports = self.senses.report()
        for check in self._checks:
            reports |= check.report()
        return reports

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        self._limits = settings.limits
        self._fresh_to_resume: int = settings.values["fresh_commands_to_resume"]
        self._beat_ns = nanoseconds(settings.values["e_stop.heartbeat_timeout"])
        self._faults.configure(settings.values["faults_to_latch"])
        self.sources.configure(settings.profiles)
        self.senses.configure(settings.values)
        for check in self._checks:
            check.configure(settings.values)
        for policy in self._fallbacks.values():
            policy.configure(settings.values)

    def _expect_beat(self, now: Instant) -> None:
        if self.settings.values["e_stop.heartbeat"]:
            self.estop.expect_beat(E_STOP_INPUT, self._beat_ns, now.steady_ns)

    def _elapsed_s(self, now: Instant) -> float:
        """Time since the last tick, within [0, 2 periods]: after a pause nothing may leap."""
        last_ns = now.steady_ns if self._ticked_ns is None else self._ticked_ns
        self._ticked_ns = now.steady_ns
        return min(max(now.steady_ns - last_ns, 0), 2 * PERIOD_NS) / SECOND_NS

    def _situation(self, source: Source, now: Instant) -> Situation:
        return self.senses.situation(now, source.accepted, self._ramp.output)

    def _checks_of(self, source: Source) -> Iterable[Check]:
        learned = source.profile.learned
        return (check for check in self._checks if learned or not check.of_policy)

    def _admit(self, source: Source, command: Command, now: Instant) -> Finding | None:
        """The first finding that refuses `command`; others are noted, and faults are counted."""
        for check in self._checks_of(source):
            finding = check.admit(command, now)
            if finding is None:
                continue
            if finding.fault and self._faults.add(now.steady_ns):
                self.estop.latch(f"too many faults within a second, the last: {finding.detail}")
            if finding.severity.keeps_out:
                return finding
            source.note(finding)
        return None

    def _notice_gap(self, source: Source, now: Instant) -> None:
        """Let a silence count that ends just now and that no tick has seen."""
        if source.accepted is not None:
            finding = self._timeout.watch(self._situation(source, now))
            if finding is not None:
                source.interrupt(finding)

    def _watch(self, source: Source, now: Instant) -> list[Finding]:
        """What the checks find about the command of `source` in force, in their order."""
        situation = self._situation(source, now)
        findings = [
            finding
            for check in self._checks_of(source)
            if situation.command is not None or not check.needs_command
            if (finding := check.watch(situation)) is not None
        ]
        for finding in reversed(findings):  # the first is the one that is told while resuming
            if finding.severity.keeps_out:
                source.interrupt(finding)
        return findings

    def _found(self, source: Source, now: Instant) -> tuple[Finding, ...]:
        """Everything that is wrong with `source` at present, one of a kind, most telling first.

        First what was found in arrivals just now, then what is wrong with the command in force,
        then what has stood for a while. Within these the order of the checks decides.
        """
        arrived = {each.name: each.take_found() for each in self.sources}[source.name]
        watched = self._watch(source, now)
        standing = source.refusal
        if standing is not None and source.heard_within(_NEWS_NS, now.steady_ns):
            arrived.append(standing)
        arrived.sort(key=lambda finding: self._order[finding.check])
        return gravest_of_a_kind([*arrived, *watched, standing, source.interruption])

    def _keep_out(self, found: tuple[Finding, ...], command: Command | None) -> KeptOut | None:
        """Why the source may not drive now; None when it may."""
        if self.estop.latched:
            finding = Finding(E_STOP, "e-stop latched", Severity.LATCH, self.estop.cause)
            return KeptOut(State.LATCHED, finding.reason, E_STOP, (finding,))
        if not self.arming.armed:
            return KeptOut(State.DISARMED, "disarmed", DISARMED, ())
        stop = next((finding for finding in found if finding.severity.keeps_out), None)
        if stop is not None:
            return KeptOut(State.STOPPED, stop.reason, stop.check, (stop,))
        if command is None:
            return KeptOut(State.WAITING, "waiting for a command", DISARMED, ())
        return None

    def _hand_over(self, kept: KeptOut | None, situation: Situation) -> None:
        """Let the fallback policies know which of them begins to drive, if any."""
        driving = None if kept is None else self._fallbacks[kept.fallback]
        for policy in self._fallbacks.values():
            if policy is not driving:
                policy.observe(situation)
        if driving is not None and driving is not self._driving:
            driving.begin(situation)
        self._driving = driving

    def _fall_back(self, kept: KeptOut, situation: Situation, dt_s: float) -> Decision:
        """The command of the fallback policy for this reason, held to limits and restraints."""
        assert self._driving is not None
        asked = self._driving.drive(situation)
        bounded, _ = self._limits.bound(asked if asked.finite else ZERO)
        wanted, restraints = self._restrain(bounded, situation)
        if not asked.finite or (self._driving.hard and asked == ZERO):
            command = self._ramp.halt()
        else:
            command = self._ramp.restrain(wanted, dt_s, self._limits)
        return Decision(
            command=command,
            state=kept.state,
            reason=kept.reason,
            source=self.source.name,
            interventions=kept.interventions + restraints,
            heard=self.source.heard,
            ramping=command != wanted,
        )

    def _pass(self, found: tuple[Finding, ...], situation: Situation, dt_s: float) -> Decision:
        """The source's own command, within the limits and the restraints."""
        assert situation.command is not None
        bounded, cuts = self._limits.bound(situation.command.velocity)
        slows = tuple(finding for finding in found if finding.severity is Severity.SLOW)
        notes = tuple(finding for finding in found if finding.severity is Severity.CLAMP)
        slowed = bounded
        for finding in slows:
            slowed = self._limits.slowed(slowed, finding.share)
        wanted, restraints = self._restrain(slowed, situation)
        move = self._ramp.follow if wanted == bounded else self._ramp.restrain
        output = move(wanted, dt_s, self._limits)
        interventions = slows + restraints + notes + cuts
        return Decision(
            command=output,
            state=_state(slows, interventions),
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


def _state(slows: tuple[Finding, ...], interventions: tuple[Finding, ...]) -> State:
    if slows:
        return State.SLOWING
    return State.CLAMPING if interventions else State.PASSING
