# SPDX-License-Identifier: Apache-2.0
"""Checks: a number, the alarm that watches it, and the sentence that tells of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vla_monitor.levels import Alarm, Level, Limit
from vla_monitor.report import Value, quantile_values
from vla_monitor.settings import Settings
from vla_monitor.stream import Stream


class Check:
    """One watched number of a subject, with the words for it."""

    def __init__(self, label: str, key: str, settings: Settings) -> None:
        """`key` names the limit among those of the settings."""
        self._label = label
        self._limit = settings.limits[key]
        self._alarm = Alarm(self._limit, settings.patience)
        self._value: float | None = None

    @property
    def level(self) -> Level:
        """The level after the newest number."""
        return self._alarm.level

    def update(self, value: float | None, now_s: float, ceiling: Level = Level.ERROR) -> None:
        """Judges the newest number; None means that there is nothing to judge."""
        self._value = value
        self._alarm.update(value, now_s, ceiling)

    @property
    def sentence(self) -> str:
        """Label, number and limit: `p95 312.0 ms (limit 100 ms)`."""
        if self._value is None:
            return f"{self._label} ({self._limit.describe()})"
        digits = 1 if abs(self._value) >= 10.0 else 2
        number = f"{self._value:.{digits}f} {self._limit.unit}".rstrip()
        return f"{self._label} {number} ({self._limit.describe()})"


class Fact:
    """Something that is bad in itself, with the sentence for it."""

    def __init__(self, sentence: str, settings: Settings) -> None:
        self.sentence = sentence
        self._alarm = Alarm(Limit(1.0, 1.0), settings.patience)

    @property
    def level(self) -> Level:
        """ERROR once it has held for long enough, until it has not."""
        return self._alarm.level

    def update(self, holds: bool, now_s: float) -> None:
        """Whether it is so now."""
        self._alarm.update(float(holds), now_s)


def summarise(checks: Sequence[Check | Fact], fine: str) -> tuple[Level, str]:
    """The worst level of the checks, with their sentences; `fine` when all are OK."""
    bad = sorted((c for c in checks if c.level > Level.OK), key=lambda c: -c.level)
    if not bad:
        return Level.OK, fine
    return bad[0].level, "; ".join(check.sentence for check in bad)


class StreamWatch:
    """Whether a stream that should flow does: its silence and its rate.

    `key` names its limits: `<key>.silence_s` and `<key>.rate_hz`. `source` is the process
    or device to look at when it is silent, `topic` what is silent.
    """

    def __init__(
        self, key: str, source: str, topic: str, settings: Settings, start_s: float
    ) -> None:
        self.stream = Stream(settings.level_window_s, start_s)
        self._settings = settings
        self._start_s = start_s
        self._expected_since_s: float | None = None
        self._silence = Check(f"{source}: {topic} silent for", f"{key}.silence_s", settings)
        self._rate = Check(f"{source}: {topic} rate", f"{key}.rate_hz", settings)

    @property
    def checks(self) -> tuple[Check, Check]:
        """The checks of silence and of rate."""
        return self._silence, self._rate

    def values(self, now_s: float) -> dict[str, Value]:
        """Running total, rate (NaN as long as it is not known), silence, intervals and jitter."""
        rate_hz = self.stream.rate_hz(now_s)
        intervals, span_s = self.stream.intervals_ms, self._settings.window_s
        return {
            "count": self.stream.count,
            "rate_hz": math.nan if rate_hz is None else rate_hz,
            "silence_s": self.stream.silence_s(now_s),
            **quantile_values(intervals.quantiles(now_s, span_s), prefix="interval_"),
            "jitter_ms": self.stream.jitter(now_s).mean_ms,
        }

    def update(self, now_s: float, expected: bool = True) -> None:
        """Judges the stream; one that is not `expected` to flow is good when silent.

        At start, something never seen is at most WARN: other processes may still be loading.
        """
        if not expected:
            self._expected_since_s = None
        elif self._expected_since_s is None:
            self._expected_since_s = now_s
        starting = not self.stream.seen and now_s - self._start_s < self._settings.startup_grace_s
        ceiling = Level.WARN if starting else Level.ERROR
        self._silence.update(self._silence_s(now_s), now_s, ceiling)
        self._rate.update(self._rate_hz(now_s), now_s, ceiling)

    def _silence_s(self, now_s: float) -> float | None:
        """Silence within the time in which the stream was expected to flow."""
        if self._expected_since_s is None:
            return None
        return min(self.stream.silence_s(now_s), now_s - self._expected_since_s)

    def _rate_hz(self, now_s: float) -> float | None:
        """The pace, once the stream has been expected for as long as the rate looks back."""
        since_s = self._expected_since_s
        if since_s is None or now_s - since_s < self._settings.level_window_s:
            return None
        return self.stream.pace_hz(now_s)
