# SPDX-License-Identifier: Apache-2.0
"""What the monitor is told at start, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vla_monitor.errors import ParameterError
from vla_monitor.levels import Limit, Patience

TWIST_FIELDS = tuple(f"{part}.{axis}" for part in ("linear", "angular") for axis in "xyz")
"""What an action may have a value for."""


@dataclass(frozen=True)
class TrainingActions:
    """Mean and standard deviation of the actions that a policy was trained on, normalised.

    Raises ParameterError where the three lists do not fit together.
    """

    axes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        sizes = len(self.axes), len(self.mean), len(self.std)
        if len(set(sizes)) != 1:
            raise ParameterError(
                "action.training.axes, mean and std must be of one length"
                f" (got {sizes[0]}, {sizes[1]} and {sizes[2]} values)"
            )
        strange = [axis for axis in self.axes if axis not in TWIST_FIELDS]
        if strange:
            raise ParameterError(
                f"action.training.axes must be of {', '.join(TWIST_FIELDS)} (got {strange[0]!r})"
            )
        if not all(math.isfinite(mean) for mean in self.mean):
            raise ParameterError(f"action.training.mean must be finite (got {self.mean})")
        if not all(math.isfinite(std) and std > 0.0 for std in self.std):
            raise ParameterError(f"action.training.std must be > 0 (got {self.std})")


@dataclass(frozen=True)
class Settings:
    """Settings of the monitor; raises ParameterError where they do not fit together.

    The parameter table describes each of them. `limits` holds one limit a key, such as
    `camera.rate_hz`; `training_actions` is None where nothing is known of the training.
    """

    robot_name: str
    enable_stamped_cmd_vel: bool
    window_s: float
    level_window_s: float
    check_rate_hz: float
    patience: Patience
    startup_grace_s: float
    camera_expected_rate_hz: float
    training_actions: TrainingActions | None
    process_names: tuple[str, ...]
    prometheus_address: str
    prometheus_port: int
    event_log_enabled: bool
    event_log_directory: str
    event_log_max_size_mb: float
    event_log_files: int
    limits: Mapping[str, Limit]

    def __post_init__(self) -> None:
        if not self.robot_name.strip():
            raise ParameterError("robot_name must not be empty: tools group statuses by it")
        if self.level_window_s > self.window_s:
            raise ParameterError(
                f"level_window_s must be <= window_s = {self.window_s:g} s"
                f" (got {self.level_window_s:g})"
            )
