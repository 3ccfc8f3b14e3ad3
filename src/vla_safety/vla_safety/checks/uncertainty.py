# SPDX-License-Identifier: Apache-2.0
"""Believes a policy that says how unsure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS
from vla_safety.situation import Situation
from vla_safety.specification import Specification


def _threshold(name: str, default: float, description: str) -> Specification:
    return Specification(
        f"uncertainty.{name}",
        float,
        default,
        description,
        low=0.0,
        high=1e6,
        looser="higher",
    )


SLOW_ABOVE = _threshold("slow_above", 0.5, "Uncertainty above which the robot is slowed")
STOP_ABOVE = _threshold("stop_above", 0.8, "Uncertainty above which the robot is stopped")
TIMEOUT = Specification(
    name="uncertainty.timeout",
    kind=float,
    default=1.0,
    description="Silence of a policy that told its uncertainty before, after which it is slowed",
    unit="s",
    low=0.02,
    high=60.0,
    looser="higher",
)


class Uncertainty(Check):
    """Slows the robot above one uncertainty and stops it above another.

    Does nothing as long as nobody has told one. One that is no number stops, silence slows.
    """

    name: ClassVar[str] = "uncertainty"
    of_policy: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (SLOW_ABOVE, STOP_ABOVE, TIMEOUT)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the thresholds."""
        self._slow: float = values[SLOW_ABOVE.name]
        self._stop: float = values[STOP_ABOVE.name]
        self._timeout_s: float = values[TIMEOUT.name]
        self._share: float = values["slow_share"]

    def watch(self, situation: Situation) -> Finding | None:
        """A finding while the newest uncertainty is too high, or too old."""
        reading = situation.uncertainty
        if reading is None:
            return None
        value = reading.value
        if not value <= self._stop:  # NaN is not below anything
            return self.finding(
                "policy unsure",
                f"the policy's uncertainty is above {STOP_ABOVE.name} {self._stop:g}",
                value=value,
                limit=self._stop,
            )
        if value > self._slow:
            return self._slowing(
                f"the policy's uncertainty is above {SLOW_ABOVE.name} {self._slow:g}",
                value,
                self._slow,
            )
        silence_s = (situation.now.steady_ns - reading.arrived_ns) / SECOND_NS
        if silence_s > self._timeout_s:
            return self._slowing(
                f"the policy has not told its uncertainty for {TIMEOUT.name} "
                f"{self._timeout_s:g} s",
                silence_s,
                self._timeout_s,
            )
        return None

    def _slowing(self, detail: str, value: float, limit: float) -> Finding:
        return self.finding(
            "policy unsure",
            detail,
            value=value,
            limit=limit,
            severity=Severity.SLOW,
            share=self._share,
        )
