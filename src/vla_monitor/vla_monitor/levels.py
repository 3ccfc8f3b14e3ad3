# SPDX-License-Identifier: Apache-2.0
"""OK, WARN or ERROR from a number, with hysteresis, so that a level does not flap."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The levels of a diagnostic status that a living monitor may publish (so no STALE)."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Limit:
    """Where a number becomes WARN and where ERROR.

    `above`: reaching the threshold is bad (a latency); otherwise falling under it is (a rate).
    `margin` is the fraction of the threshold by which the number must come back before it
    counts as good again.
    """

    warn: float
    error: float
    above: bool = True
    margin: float = 0.1
    unit: str = ""

    def __post_init__(self) -> None:
        ordered = self.warn <= self.error if self.above else self.warn >= self.error
        if not ordered:
            relation = "<=" if self.above else ">="
            got = f"warn {self.warn:g}, error {self.error:g}"
            raise ValueError(f"warn must be {relation} error (got {got})")
        if not 0.0 <= self.margin < 1.0:
            raise ValueError(f"margin must be in [0, 1) (got {self.margin})")

    def judge(self, value: float, present: Level = Level.OK) -> Level:
        """The level of `value` for something that is at level `present` now."""
        for level in (Level.ERROR, Level.WARN):
            if self._beyond(value, level, holds=present >= level):
                return level
        return Level.OK

    def _beyond(self, value: float, level: Level, holds: bool) -> bool:
        threshold = self.error if level is Level.ERROR else self.warn
        margin = self.margin if holds else 0.0
        if self.above:
            return value >= threshold * (1.0 - margin)
        return value < threshold * (1.0 + margin)

    def describe(self) -> str:
        """The bound that a good number keeps, in words: `limit 100 ms`, `at least 24 Hz`."""
        word = "limit" if self.above else "at least"
        return f"{word} {self.warn:g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Patience:
    """How long a number must be worse before its level rises, and better before it falls.

    The first makes one step of a fault that passes through WARN on its way to ERROR, the second
    keeps a fault that comes and goes from being told each time.
    """

    raise_after_s: float = 0.0
    clear_after_s: float = 0.0


class Alarm:
    """One limit watched over time: a level changes when the number has stayed beyond it."""

    def __init__(self, limit: Limit, patience: Patience) -> None:
        self.level = Level.OK
        self._limit = limit
        self._patience = patience
        self._direction = 0
        self._since_s = 0.0

    def update(self, value: float | None, now_s: float, ceiling: Level = Level.ERROR) -> Level:
        """The level after `value` at `now_s`; None, nothing to judge, counts as good.

        It is at most `ceiling`, for numbers that are allowed to be bad for a while.
        """
        judged = Level.OK if value is None else self._limit.judge(value, self.level)
        judged = min(judged, ceiling)
        direction = (judged > self.level) - (judged < self.level)
        if direction != self._direction:
            self._direction, self._since_s = direction, now_s
        if direction and now_s - self._since_s >= self._wait_s(direction):
            self.level, self._direction = judged, 0
        return self.level

    def _wait_s(self, direction: int) -> float:
        rising = direction > 0
        return self._patience.raise_after_s if rising else self._patience.clear_after_s
