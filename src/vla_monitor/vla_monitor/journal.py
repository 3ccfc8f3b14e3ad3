# SPDX-License-Identifier: Apache-2.0
"""What is worth writing down: interventions, errors, instructions and changes of state."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vla_monitor.levels import Level
from vla_monitor.measure_inference import InferenceSample
from vla_monitor.report import Report, Value

MAX_WAITING = 1000  # events between two writes: a bound, not an expectation
MAX_STATUSES = 256  # of other nodes whose level is followed


@dataclass(frozen=True)
class Event:
    """One thing that happened: its kind, whom it concerns, how grave it is, and a sentence."""

    kind: str
    subject: str
    level: Level
    message: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """What another node says of itself in /diagnostics."""

    name: str
    level: int
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


class Journal:
    """Makes events of what comes in; what only repeats itself makes none."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque(maxlen=MAX_WAITING)
        self._levels: dict[str, int] = {}
        self._instruction: str | None = None
        self._gate: tuple[str, str] | None = None
        self._failing = False

    def take(self) -> list[Event]:
        """The events since the last call, in their order."""
        events = list(self._waiting)
        self._waiting.clear()
        return events

    def lifecycle(self, kind: str, message: str, values: Mapping[str, Value]) -> None:
        """The monitor itself starts or ends."""
        self._note(kind, "vla_monitor", Level.OK, message, values)

    def instruction(self, text: str) -> None:
        """An instruction; the same one again is no event."""
        if text != self._instruction:
            before, self._instruction = self._instruction, text
            values = {"text": text, "before": "" if before is None else before}
            told = f"instruction: {text}" if text.strip() else "instruction: stop"
            self._note("instruction", "instruction", Level.OK, told, values)

    def gate_event(self, level: int, message: str, values: Mapping[str, str]) -> None:
        """An event of the gate: an intervention that begins or ends, or a change of state."""
        kind = values.get("event", "intervention")
        if kind == "state":
            self.gate_state(level, message, values)
        else:
            self._note(kind, "vla_safety", _known(level), message, values)

    def gate_state(self, level: int, message: str, values: Mapping[str, str]) -> None:
        """A state of the gate: an event if it is another than the one before.

        It comes on two topics, of which one is latched and the other loses none.
        """
        gate = values.get("state", ""), message
        if gate != self._gate:
            self._gate = gate
            self._note("gate state", "vla_safety", _known(level), message, values)

    def inference(self, sample: InferenceSample) -> None:
        """An inference: failing begins and ends."""
        failing = bool(sample.error)
        if failing != self._failing:
            self._failing = failing
            level = Level.ERROR if failing else Level.OK
            message = sample.error if failing else "the policy answers again"
            self._note("inference", "vla_node", level, message, {"failures": sample.failures})

    def reports(self, reports: Sequence[Report]) -> None:
        """What the monitor judged: each change of a level."""
        for report in reports:
            if report.prefixed:  # the others say the same once more
                name = f"vla_monitor: {report.subject}"
                self._level(name, report.level, report.message, report.values)

    def statuses(self, statuses: Sequence[Status]) -> None:
        """What other nodes say of themselves: each change of a level."""
        for status in statuses:
            self._level(status.name, status.level, status.message, status.values)

    def _level(self, name: str, level: int, message: str, values: Mapping[str, Value]) -> None:
        before = self._levels.get(name, int(Level.OK))
        if level == before or (name not in self._levels and len(self._levels) >= MAX_STATUSES):
            return
        self._levels[name] = level
        self._note("level", name, _known(level), message, values)

    def _note(
        self, kind: str, subject: str, level: Level, message: str, values: Mapping[str, Value]
    ) -> None:
        self._waiting.append(Event(kind, subject, level, message, dict(values)))


def _known(level: int) -> Level:
    """A level that is none of ours, such as STALE, is an ERROR."""
    return Level(level) if level in (0, 1, 2) else Level.ERROR
