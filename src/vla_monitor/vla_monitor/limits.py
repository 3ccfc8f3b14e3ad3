# SPDX-License-Identifier: Apache-2.0
"""The table of limits: what is judged, and where it becomes WARN and ERROR by default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vla_monitor.errors import ParameterError
from vla_monitor.levels import Limit
from vla_monitor.parameter import Parameter

OFF: Final = math.inf


@dataclass(frozen=True)
class LimitRow:
    """A limit of the table: becomes the two parameters `<key>.warn` and `<key>.error`."""

    key: str
    warn: float
    error: float
    unit: str
    meaning: str
    above: bool = True

    def parameters(self) -> tuple[Parameter, Parameter]:
        """The parameters of the two thresholds."""
        word = "reaches" if self.above else "falls under"
        told = f"when {self.meaning} {word} this"
        return (
            Parameter(f"{self.key}.warn", self.warn, self.unit, f"WARN {told}"),
            Parameter(f"{self.key}.error", self.error, self.unit, f"ERROR {told}"),
        )

    def limit(self, values: Mapping[str, Any]) -> Limit:
        """The limit with the given thresholds; raises ParameterError where they are swapped."""
        warn, error = values[f"{self.key}.warn"], values[f"{self.key}.error"]
        try:
            return Limit(warn, error, self.above, values["hysteresis"], self.unit)
        except ValueError as problem:
            raise ParameterError(f"{self.key}: {problem}") from problem


def _silence(key: str, error_s: float, what: str) -> LimitRow:
    # A stream that stops is told once, as an ERROR: WARN on the way would be a second alarm.
    return LimitRow(f"{key}.silence_s", error_s, error_s, "s", f"the time since the newest {what}")


LIMITS: Final = (
    LimitRow("camera.rate_hz", 24.0, 10.0, "Hz", "the rate of images", above=False),
    _silence("camera", 1.0, "image"),
    LimitRow("camera.jitter_ms", 30.0, OFF, "ms", "the mean deviation of an image's interval"),
    LimitRow(
        "camera.unchanged_s",
        0.7,
        0.7,
        "s",
        "the time for which the picture has stayed the same while the robot is driven",
    ),
    LimitRow("inference.p95_ms", 100.0, 250.0, "ms", "the p95 of the time of one inference"),
    LimitRow("inference.rate_hz", 3.0, 1.0, "Hz", "the rate of inferences", above=False),
    _silence("inference", 1.0, "inference"),
    LimitRow(
        "inference.drop_ratio", 0.9, 0.97, "", "the share of images replaced before they were used"
    ),
    LimitRow("inference.failures", 1.0, 5.0, "", "the number of failed inferences lately"),
    LimitRow("inference.chunk_overruns", 3.0, OFF, "", "the number of chunks that ran out lately"),
    # The norm of six fields, each within [-1, 1], is at most sqrt(6) = 2.45.
    LimitRow("action.norm", 2.5, 5.0, "", "the p95 of the norm of the normalised action"),
    LimitRow("action.distance", 5.0, 10.0, "", "the p95 of the distance from the training"),
    LimitRow("policy_command.rate_hz", 5.0, 2.0, "Hz", "the rate of vla/cmd_vel", above=False),
    _silence("policy_command", 1.0, "vla/cmd_vel"),
    LimitRow(
        "policy_command.age_p95_ms", 150.0, 300.0, "ms", "the p95 of the age image to vla/cmd_vel"
    ),
    LimitRow("command.rate_hz", 40.0, 20.0, "Hz", "the rate of cmd_vel", above=False),
    _silence("command", 0.5, "cmd_vel"),
    LimitRow("command.age_p95_ms", 150.0, 300.0, "ms", "the p95 of the age image to cmd_vel"),
    _silence("gate", 2.5, "state of the gate"),
    LimitRow("gate.clip_ratio", 0.5, OFF, "", "the share of the policy's commands cut down"),
    LimitRow("gate.interventions_per_min", 20.0, 60.0, "1/min", "the rate of interventions"),
    LimitRow("processes.memory_mb", 3000.0, 6000.0, "MB", "the memory of one process"),
    LimitRow("processes.cpu_percent", OFF, OFF, "%", "the CPU time of one process"),
    LimitRow("gpu.memory_percent", 90.0, 98.0, "%", "the share of the GPU's memory in use"),
)
