# SPDX-License-Identifier: Apache-2.0
"""What the monitor is told at start, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vla_monitor.errors import ParameterError
from vla_monitor.levels import Limit


@dataclass(frozen=True)
class Settings:
    """Settings of the monitor; raises ParameterError where they do not fit together.

    The parameter table describes each of them. `limits` holds one limit a key, such as
    `camera.rate_hz`.
    """

    robot_name: str
    enable_stamped_cmd_vel: bool
    window_s: float
    level_window_s: float
    check_rate_hz: float
    clear_after_s: float
    startup_grace_s: float
    limits: Mapping[str, Limit]

    def __post_init__(self) -> None:
        if not self.robot_name.strip():
            raise ParameterError("robot_name must not be empty: tools group statuses by it")
        if self.level_window_s > self.window_s:
            raise ParameterError(
                f"level_window_s must be <= window_s = {self.window_s:g} s"
                f" (got {self.level_window_s:g})"
            )
