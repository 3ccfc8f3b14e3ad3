# SPDX-License-Identifier: Apache-2.0
"""Real time: how much to simulate, what is due, and whether the machine keeps up.

Nothing here reads a clock: `now_s` is the steady clock [s] as the caller read it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

LATE_RATIO = 0.9
RECOVERED_RATIO = 0.97


class Pacer:
    """Turns wall time into time to simulate, at most `max_step_s` at once.

    After a stall longer than that the rest is given up rather than made up for: a robot that
    catches up would jump, and its camera would miss the way. `slipped_s` adds up the rest.
    """

    def __init__(self, now_s: float, max_step_s: float = 0.1) -> None:
        self.slipped_s = 0.0
        self._last_s = now_s
        self._max_step_s = max_step_s

    def advance(self, now_s: float) -> float:
        """Seconds to simulate for the wall time since the last call."""
        elapsed_s = max(0.0, now_s - self._last_s)
        step_s = min(elapsed_s, self._max_step_s)
        self.slipped_s += elapsed_s - step_s
        self._last_s = max(now_s, self._last_s)
        return step_s


class Schedule:
    """Says when something is due that happens `rate_hz` times a second.

    It keeps to a fixed grid of times, so that the rate is right whatever the ticks at which it
    is asked; what was missed is left out, not made up for.
    """

    # Sums of simulated steps miss a grid time by rounding errors.
    _EARLY_S = 1e-6

    def __init__(self, rate_hz: float, start_s: float = 0.0) -> None:
        self._period_s = 1.0 / rate_hz
        self._start_s = start_s
        self._done = -1

    def due(self, now_s: float) -> bool:
        """Whether it is due at `now_s`; True is taken for done."""
        slot = math.floor((now_s - self._start_s + self._EARLY_S) / self._period_s)
        if slot <= self._done:
            return False
        self._done = slot
        return True


@dataclass(frozen=True)
class Target:
    """Speeds that the base is to drive: m/s ahead, rad/s counter-clockwise."""

    linear: float = 0.0
    angular: float = 0.0


STANDSTILL = Target()


class CommandWatch:
    """The newest command, until it is older than `timeout_s`: then standstill, as on a base."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._target = STANDSTILL
        self._since_s = -math.inf

    def take(self, target: Target, now_s: float) -> None:
        """Notes a command."""
        self._target, self._since_s = target, now_s

    def target(self, now_s: float) -> Target:
        """What the base is to drive at `now_s`."""
        return self._target if now_s - self._since_s <= self._timeout_s else STANDSTILL


@dataclass(frozen=True)
class Pace:
    """How well real time was kept over the last seconds.

    `late`: images come clearly slower than asked for, or simulated time slips. The rates are
    NaN as long as too little is known.
    """

    image_rate_hz: float
    real_time_factor: float
    render_p50_ms: float
    render_p95_ms: float
    late: bool


class PaceMeter:
    """Watches images and simulated time over the last `span_s`, in fixed memory.

    With hysteresis: late below 90 % of what was asked for, well again above 97 %.
    """

    def __init__(self, image_rate_hz: float, start_s: float, span_s: float = 3.0) -> None:
        size = math.ceil(2 * image_rate_hz * span_s)
        self._frames: deque[tuple[float, float]] = deque(maxlen=size)  # time, render time
        self._marks: deque[tuple[float, float]] = deque(maxlen=32)  # time, simulated time
        self._asked_hz = image_rate_hz
        self._start_s = start_s
        self._span_s = span_s
        self._late = False

    def image(self, render_s: float, now_s: float) -> None:
        """Notes an image that is out, and how long drawing it took."""
        self._frames.append((now_s, render_s))

    def measure(self, simulated_s: float, now_s: float) -> Pace:
        """The pace now; called about once a second, with the simulated time so far."""
        self._marks.append((now_s, simulated_s))
        while len(self._marks) > 2 and self._marks[1][0] <= now_s - self._span_s:
            self._marks.popleft()
        recent = [render_s for at_s, render_s in self._frames if at_s > now_s - self._span_s]
        known = now_s - self._start_s >= self._span_s
        rate_hz = len(recent) / self._span_s if known else math.nan
        factor = self._real_time_factor() if known else math.nan
        p50, p95 = 1e3 * np.quantile(recent, (0.5, 0.95)) if recent else (math.nan, math.nan)
        return Pace(rate_hz, factor, float(p50), float(p95), self._judge(rate_hz, factor))

    def _real_time_factor(self) -> float:
        (from_s, simulated_from_s), (to_s, simulated_to_s) = self._marks[0], self._marks[-1]
        wall_s = to_s - from_s
        return (simulated_to_s - simulated_from_s) / wall_s if wall_s > 0.0 else math.nan

    def _judge(self, rate_hz: float, factor: float) -> bool:
        kept = min(rate_hz / self._asked_hz, factor)
        if not math.isnan(kept):
            self._late = kept < (RECOVERED_RATIO if self._late else LATE_RATIO)
        return self._late
