# SPDX-License-Identifier: Apache-2.0
"""Notices that the commands are of another size than those that the policy was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS, Instant
from vla_safety.situation import Situation
from vla_safety.source import Command
from vla_safety.specification import Specification


def _positive(name: str, default: float | None, description: str, unit: str = "") -> Specification:
    return Specification(
        f"action_drift.{name}",
        float,
        default,
        description,
        unit,
        low=0.001,
        high=1000.0,
        read_only=True,
    )


MEAN = _positive("mean", None, "Mean of the action norm in training; absent: the check rests")
DEVIATION = _positive("deviation", None, "Standard deviation of the action norm in training")
LINEAR = _positive("linear", 0.6, "Linear velocity that the policy's action 1.0 stands for", "m/s")
ANGULAR = _positive("angular", 1.5, "Turn rate that the policy's action 1.0 stands for", "rad/s")
SLACK = Specification(
    name="action_drift.slack",
    kind=float,
    default=1.0,
    description="Standard deviations off the mean that are as in training",
    low=0.0,
    high=10.0,
    looser="higher",
)
THRESHOLD = Specification(
    name="action_drift.threshold",
    kind=float,
    default=3.0,
    description="Sum over time of what exceeds the slack, in standard deviations times seconds",
    unit="s",
    low=0.1,
    high=1000.0,
    looser="higher",
)

_LONGEST_STEP_S = 0.1


class ActionDrift(Check):
    """A two-sided CUSUM of the action norm's z-score (Page, Biometrika 41, 1954), over time.

    The norm is that of the action as the policy computed it: 1.0 along an axis is its bound. The
    statistics are those of the checkpoint's training data; without them the check rests.
    """

    name: ClassVar[str] = "action_drift"
    severity: ClassVar[Severity] = Severity.SLOW
    of_policy: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (
        MEAN,
        DEVIATION,
        LINEAR,
        ANGULAR,
        SLACK,
        THRESHOLD,
    )

    def __init__(self) -> None:
        self._above = self._below = 0.0
        self._at_ns: int | None = None

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take statistics and thresholds."""
        self._mean: float | None = values[MEAN.name]
        self._deviation: float | None = values[DEVIATION.name]
        self._linear: float = values[LINEAR.name]
        self._angular: float = values[ANGULAR.name]
        self._slack: float = values[SLACK.name]
        self._threshold: float = values[THRESHOLD.name]
        self._share: float = values["slow_share"]

    def admit(self, command: Command, now: Instant) -> Finding | None:
        """Nothing: the command is only added to the sums."""
        if self._mean is None or self._deviation is None:
            return None
        velocity = command.velocity
        norm = hypot(
            velocity.linear_x / self._linear,
            velocity.linear_y / self._linear,
            velocity.angular_z / self._angular,
        )
        score = (norm - self._mean) / self._deviation
        step_s = self._step_s(now)
        highest = 2.0 * self._threshold  # so that it finds back to normal in time
        self._above = min(max(self._above + (score - self._slack) * step_s, 0.0), highest)
        self._below = min(max(self._below + (-score - self._slack) * step_s, 0.0), highest)
        return None

    def watch(self, situation: Situation) -> Finding | None:
        """A finding while a sum is above the threshold."""
        drift = max(self._above, self._below)
        if drift <= self._threshold:
            return None
        side = "larger" if self._above > self._below else "smaller"
        return self.finding(
            "action drift",
            f"the policy's actions have long been {side} than in training",
            value=drift,
            limit=self._threshold,
            unit="s",
            share=self._share,
        )

    def report(self) -> Mapping[str, str]:
        """The greater of both sums."""
        if self._mean is None or self._deviation is None:
            return {"action_drift": "no statistics"}
        return {"action_drift": f"{max(self._above, self._below):.3f}"}

    def _step_s(self, now: Instant) -> float:
        last_ns, self._at_ns = self._at_ns, now.steady_ns
        if last_ns is None:
            return 0.0
        return min((now.steady_ns - last_ns) / SECOND_NS, _LONGEST_STEP_S)
