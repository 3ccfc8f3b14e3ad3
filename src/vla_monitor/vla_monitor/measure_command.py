# SPDX-License-Identifier: Apache-2.0
"""How fresh commands are: the age from image to policy command, and to cmd_vel."""

from __future__ import annotations

from vla_monitor import topics
from vla_monitor.check import Check, StreamWatch, summarise
from vla_monitor.report import Report, Value, quantile_values
from vla_monitor.settings import Settings
from vla_monitor.window import SlidingWindow


class AgedStream:
    """A stream of commands and the age of the image behind each new one.

    An age below 0 is a stamp from the future: it is counted, and left out of the quantiles.
    """

    def __init__(
        self, subject: str, key: str, source: str, topic: str, settings: Settings, start_s: float
    ) -> None:
        self._subject = subject
        self._settings = settings
        self.watch = StreamWatch(key, source, topic, settings, start_s)
        self._ages_ms = SlidingWindow()
        self._future_stamps = 0
        self._old = Check(f"{source}: age image to {topic} p95", f"{key}.age_p95_ms", settings)

    def age(self, age_ms: float, now_s: float) -> None:
        """Notes the age of one new command."""
        if age_ms < 0.0:
            self._future_stamps += 1
        else:
            self._ages_ms.add(age_ms, now_s)

    def report(self, now_s: float, expected: bool, fine: str) -> Report:
        """Level and values now; `fine` is the sentence when all is well."""
        self.watch.update(now_s, expected)
        self._old.update(self._ages_ms.p95(now_s, self._settings.level_window_s), now_s)
        level, message = summarise((*self.watch.checks, self._old), fine)
        values: dict[str, Value] = {
            **self.watch.values(now_s),
            **quantile_values(
                self._ages_ms.quantiles(now_s, self._settings.window_s), prefix="age_"
            ),
            "future_stamps": self._future_stamps,
        }
        return Report(self._subject, level, message, values)


class PolicyCommandMeasure:
    """Commands of the policy, and the age of the first one that each image led to.

    The others with the same stamp are later steps of the same chunk, driven while the next
    one is computed: their age says nothing about how fast the policy is.
    """

    SUBJECT = "Policy Command"

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._aged = AgedStream(
            self.SUBJECT, "policy_command", "vla_node", topics.POLICY_COMMAND, settings, start_s
        )
        self._stamp_ns: int | None = None

    def command(self, stamp_ns: int, at_ns: int, now_s: float) -> float | None:
        """Notes a command received at `at_ns` (node clock); its age [ms] if its image is new."""
        self._aged.watch.stream.tick(now_s)
        if stamp_ns == self._stamp_ns:
            return None
        self._stamp_ns = stamp_ns
        age_ms = (at_ns - stamp_ns) / 1e6
        self._aged.age(age_ms, now_s)
        return age_ms

    def report(self, now_s: float, expected: bool) -> Report:
        """Level and values now; `expected`: the policy has an instruction to follow."""
        fine = "the policy commands" if expected else "idle: no instruction"
        return self._aged.report(now_s, expected, fine)


class CommandMeasure:
    """Commands to the base, and the age of the image behind them.

    A command to the base does not name its image, but the first one after a policy command
    with a new stamp is the first that can carry it: its time minus that stamp is the age.
    """

    SUBJECT = "Command"

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._aged = AgedStream(
            self.SUBJECT, "command", "vla_safety", topics.COMMAND, settings, start_s
        )
        self._waiting_stamp_ns: int | None = None

    def policy_command(self, stamp_ns: int) -> None:
        """A policy command with a new stamp: the next command is measured against it."""
        self._waiting_stamp_ns = stamp_ns

    def tick(self, now_s: float) -> float | None:
        """Notes that a command came; the time since the one before it [s]."""
        return self._aged.watch.stream.tick(now_s)

    def age_ms(self, at_ns: int, now_s: float) -> float | None:
        """The age of a command published at `at_ns` (node clock), if it is a first."""
        if self._waiting_stamp_ns is None:
            return None
        age_ms = (at_ns - self._waiting_stamp_ns) / 1e6
        self._waiting_stamp_ns = None
        self._aged.age(age_ms, now_s)
        return age_ms

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        return self._aged.report(now_s, expected=True, fine="the base gets its commands")
