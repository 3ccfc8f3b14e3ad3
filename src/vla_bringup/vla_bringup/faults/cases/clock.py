# SPDX-License-Identifier: Apache-2.0
"""The clock jumps by an hour, stands still, or stamps lie."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path

from rosgraph_msgs.msg import Clock

from vla_bringup.faults.measurement import Measurement, at_most, holds
from vla_bringup.faults.probe import Probe, wait_until
from vla_bringup.faults.stage import Stage

HOUR_NS = 3600 * 10**9
# At most one tick missed: two periods of 20 ms, and half of one for the way to the probe.
LONGEST_GAP_S = 0.05


class _WrongClock:
    """Publishes /clock 100 times a second, `ahead_ns` off, unless it is paused."""

    def __init__(self, probe: Probe) -> None:
        self.ahead_ns = 0
        self.paused = False
        self._publisher = probe.create_publisher(Clock, "/clock", 1)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def now_ns(self) -> int:
        """What it shows."""
        return time.time_ns() + self.ahead_ns

    def __enter__(self) -> _WrongClock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        message = Clock()
        while not self._ending.wait(0.01):
            if not self.paused:
                message.clock.sec, message.clock.nanosec = divmod(self.now_ns(), 10**9)
                self._publisher.publish(message)


def run(folder: Path) -> list[Measurement]:
    """An hour forward and back, a pause of two seconds, and stamps out of bounds."""
    with Stage(folder, simulator=False, gate={"use_sim_time": True}) as stage:
        probe = stage.probe
        with _WrongClock(probe) as clock:
            time.sleep(1.0)
            probe.arm()
            return [
                _jumped(probe, clock, HOUR_NS, "an hour forward"),
                _jumped(probe, clock, -HOUR_NS, "an hour back"),
                _paused(probe, clock),
                _refused(probe, clock, 0.2, "stamp in the future"),
                _refused(probe, clock, -0.6, "observation too old"),
            ]


def _drive(probe: Probe, clock: _WrongClock, seconds: float, ahead_s: float = 0.0) -> None:
    real_ahead_s = clock.ahead_ns * 1e-9 + ahead_s
    for _ in range(round(seconds * 30)):
        probe.command(0.3, ahead_s=real_ahead_s)
        time.sleep(1 / 30)


def _longest_gap_s(probe: Probe, since_s: float) -> float:
    times = [heard.at_s for heard in probe.outputs if heard.at_s > since_s]
    return max((b - a for a, b in pairwise(times)), default=float("nan"))


def _jumped(probe: Probe, clock: _WrongClock, by_ns: int, what: str) -> Measurement:
    _drive(probe, clock, 1.0)
    since_s = time.monotonic()
    clock.ahead_ns += by_ns
    _drive(probe, clock, 1.5)
    return at_most(
        f"clock {what}: longest gap", LONGEST_GAP_S, _longest_gap_s(probe, since_s), "s"
    )


def _paused(probe: Probe, clock: _WrongClock) -> Measurement:
    since_s = time.monotonic()
    clock.paused = True
    time.sleep(2.0)
    clock.paused = False
    time.sleep(0.5)
    return at_most("clock paused: longest gap", LONGEST_GAP_S, _longest_gap_s(probe, since_s), "s")


def _refused(probe: Probe, clock: _WrongClock, ahead_s: float, reason: str) -> Measurement:
    _drive(probe, clock, 1.0)
    wait_until(lambda: probe.speed() > 0.2, 5.0, "a movement")
    told = len(probe.states)
    _drive(probe, clock, 0.4, ahead_s)
    said = any(state.message == reason for state in probe.states[told:])
    return holds(f"stamp {ahead_s:+g} s: refused", said)
