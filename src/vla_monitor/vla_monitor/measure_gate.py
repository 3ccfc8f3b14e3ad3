# SPDX-License-Identifier: Apache-2.0
"""What the command gate says of itself, and how often it overrules the policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from vla_monitor import topics
from vla_monitor.check import Check, summarise
from vla_monitor.levels import Alarm, Level, Limit
from vla_monitor.report import Report, Value
from vla_monitor.settings import Settings
from vla_monitor.window import SlidingWindow

MAX_VALUES = 48  # of the gate's own values that are passed on: a bound, not an expectation
MAX_STATES = 16  # whose names are told apart
MAX_REASONS = 32  # that are counted apart; further ones are counted together
OTHER = "other"
CUTTING = ("clamping", "slowing")  # states in which commands pass, but not as they were


class GateMeasure:
    """The newest state of the gate, passed on; its level falls only after it stayed better."""

    SUBJECT = "Gate"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alarm = Alarm(Limit(Level.WARN, Level.ERROR), settings.patience)
        self._gate_level = Level.WARN
        self._message = f"vla_safety: no state on {topics.GATE_STATE} yet"
        self._state = "unknown"
        self._states: set[str] = set()
        self._values: dict[str, Value] = {}
        self._count = 0
        self._heard_s: float | None = None
        self._clipped = SlidingWindow()
        silent = f"vla_safety: {topics.GATE_STATE} silent for"
        self._silent = Check(silent, "gate.silence_s", settings)
        clipping = "vla_safety: share of the policy's commands cut down"
        self._clipping = Check(clipping, "gate.clip_ratio", settings)

    def state(self, level: int, message: str, values: Mapping[str, str], now_s: float) -> None:
        """Notes a state; a level that is neither OK nor ERROR, such as STALE, is a WARN."""
        known = level in (Level.OK, Level.ERROR)
        self._gate_level = Level(level) if known else Level.WARN
        self._message = f"vla_safety: {message}"
        self._state = values.get("state", "unknown")
        if len(self._states) < MAX_STATES:
            self._states.add(self._state)
        self._values = dict(list(values.items())[:MAX_VALUES])
        self._count += 1
        self._heard_s = now_s

    def policy_command(self, now_s: float) -> None:
        """Notes a command of the policy, and whether the gate cuts commands down just now."""
        self._clipped.add(float(self._state in CUTTING), now_s)

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        state = self._alarm.update(float(self._gate_level), now_s)
        silence_s = None if self._heard_s is None else now_s - self._heard_s
        self._silent.update(silence_s, now_s)
        self._clipping.update(self._clipped.mean(now_s, self._settings.level_window_s), now_s)
        level, found = summarise([self._silent, self._clipping], "")
        message = "; ".join(text for text in (self._message, found) if text)
        return Report(self.SUBJECT, max(state, level), message, self._all_values(now_s))

    def _all_values(self, now_s: float) -> dict[str, Value]:
        clip_ratio = self._clipped.mean(now_s, self._settings.window_s)
        return {
            **self._values,
            **{f"in_state.{name}": int(name == self._state) for name in sorted(self._states)},
            "count": self._count,
            "gate_level": int(self._gate_level),
            "clip_ratio": 0.0 if clip_ratio is None else clip_ratio,
        }


class InterventionMeasure:
    """Interventions of the gate, counted by what they were for."""

    SUBJECT = "Interventions"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lately = SlidingWindow()
        self._totals: Counter[str] = Counter()
        self._often = Check("vla_safety: interventions", "gate.interventions_per_min", settings)

    def intervention(self, reason: str, now_s: float) -> None:
        """Notes one intervention."""
        room = reason in self._totals or len(self._totals) < MAX_REASONS
        self._totals[reason if room else OTHER] += 1
        self._lately.add(1.0, now_s)

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        per_min = 60.0 * self._lately.count(now_s, self._settings.window_s)
        per_min /= self._settings.window_s
        self._often.update(per_min, now_s)
        level, message = summarise([self._often], "the policy is seldom overruled")
        values: dict[str, Value] = {"count": self._totals.total(), "rate_per_min": per_min}
        values |= {f"count.{reason}": n for reason, n in sorted(self._totals.items())}
        return Report(self.SUBJECT, level, message, values)
