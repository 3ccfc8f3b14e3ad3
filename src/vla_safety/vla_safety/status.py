# SPDX-License-Identifier: Apache-2.0
"""What people and monitors are told about the gate, as plain text and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from vla_safety.audit import Audit, Event
from vla_safety.decision import Decision, State
from vla_safety.gate import Gate
from vla_safety.velocity import AXES, Velocity

NAME = "vla_safety: Gate"


class Level(IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus that the gate uses."""

    OK = 0
    WARN = 1
    ERROR = 2


LEVELS: Mapping[State, Level] = {
    State.PASSING: Level.OK,
    State.CLAMPING: Level.WARN,
    State.SLOWING: Level.WARN,
    State.DISARMED: Level.WARN,
    State.WAITING: Level.WARN,
    State.STOPPED: Level.ERROR,
    State.LATCHED: Level.ERROR,
}


@dataclass(frozen=True, slots=True)
class Status:
    """One DiagnosticStatus before it becomes a message."""

    level: Level
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


def gate_status(gate: Gate, decision: Decision, audit: Audit, now_clock_ns: int) -> Status:
    """The state of the gate: its message is the reason in a few words."""
    state, reason = audit.shown(decision)
    axes = gate.settings.values["axes"]
    heard = decision.heard
    values = {
        "state": state.value,
        "reason": reason,
        "armed": _flag(gate.arming.armed),
        "e_stop_latched": _flag(gate.estop.latched),
        "e_stop_input": _flag(gate.estop.input_active),
        "source": decision.source,
        "age_ms": "" if heard is None else f"{(now_clock_ns - heard.stamp_ns) / 1e6:.1f}",
        "fresh_commands": str(gate.source.fresh),
        "ramping": _flag(decision.ramping),
        "active": ", ".join(audit.active()),
        "detail": decision.interventions[0].detail if decision.interventions else "",
        **_axis_values("command_in", None if heard is None else heard.velocity, axes),
        **_axis_values("command_out", decision.command, axes),
        "interventions": str(audit.totals.total()),
        **gate.reports(),
        **{f"interventions.{key}": str(n) for key, n in sorted(audit.totals.items())},
    }
    return Status(LEVELS[state], reason, values)


def event_status(
    event: Event, decision: Decision, axes: list[str], instruction_hash: str = ""
) -> Status:
    """One event: its message is a sentence, its values say what was compared."""
    heard = decision.heard
    values = {"event": event.kind, "state": event.state.value, "source": decision.source}
    if event.finding is not None:
        values |= {"check": event.finding.check, "reason": event.finding.reason}
        values |= {"severity": event.finding.severity.name.lower()}
        values |= _number("value", event.finding.value) | _number("limit", event.finding.limit)
        values |= {"unit": event.finding.unit} if event.finding.unit else {}
    values |= _number("duration_s", event.duration_s)
    values |= _axis_values("command_in", None if heard is None else heard.velocity, axes)
    values |= _axis_values("command_out", decision.command, axes)
    values["instruction_hash"] = instruction_hash
    return Status(_event_level(event), event.text, values)


def failure_status(sentence: str) -> Status:
    """The last word of a gate that has to end itself."""
    return Status(Level.ERROR, sentence, {"event": "failure"})


def _event_level(event: Event) -> Level:
    if event.kind == "state":
        return LEVELS[event.state]
    if event.kind in ("intervention ended", "parameters"):
        return Level.OK
    passes = event.finding is not None and not event.finding.severity.keeps_out
    return Level.WARN if passes else Level.ERROR


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _number(key: str, value: float | None) -> dict[str, str]:
    return {} if value is None else {key: f"{value:.6g}"}


def _axis_values(prefix: str, velocity: Velocity | None, axes: list[str]) -> dict[str, str]:
    """One value for each axis of the robot; empty where there is no velocity."""
    if velocity is None:
        return {f"{prefix}.{axis}": "" for axis in axes}
    by_axis = dict(zip(AXES, velocity, strict=True))
    return {f"{prefix}.{axis}": f"{by_axis[axis]:.6g}" for axis in axes}
