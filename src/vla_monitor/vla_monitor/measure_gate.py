# SPDX-License-Identifier: Apache-2.0
"""What the command gate says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from vla_monitor import topics
from vla_monitor.levels import Alarm, Level, Limit
from vla_monitor.report import Report, Value
from vla_monitor.settings import Settings

MAX_VALUES = 32  # of the gate's own values that are passed on: a bound, not an expectation


class GateMeasure:
    """The newest state of the gate, passed on; its level falls only after it stayed better."""

    SUBJECT = "Gate"

    def __init__(self, settings: Settings) -> None:
        self._alarm = Alarm(Limit(Level.WARN, Level.ERROR), settings.clear_after_s)
        self._gate_level = Level.WARN
        self._message = f"vla_safety: no state on {topics.GATE_STATE} yet"
        self._values: dict[str, Value] = {}
        self._changes = 0

    def state(self, level: int, message: str, values: Mapping[str, str]) -> None:
        """Notes a state; a level that is neither OK nor ERROR, such as STALE, is a WARN."""
        known = level in (Level.OK, Level.ERROR)
        self._gate_level = Level(level) if known else Level.WARN
        self._message = f"vla_safety: {message}"
        self._values = dict(list(values.items())[:MAX_VALUES])
        self._changes += 1

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        level = self._alarm.update(float(self._gate_level), now_s)
        values: dict[str, Value] = {"count": self._changes, "gate_level": int(self._gate_level)}
        return Report(self.SUBJECT, level, self._message, {**self._values, **values})
