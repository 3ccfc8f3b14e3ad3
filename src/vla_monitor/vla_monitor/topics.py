# SPDX-License-Identifier: Apache-2.0
"""Every topic that the monitor touches, spelled once, relative to the robot's namespace."""

from __future__ import annotations

from typing import Final

# Listened to.
CAMERA_INFO: Final = "camera/camera_info"
INSTRUCTION: Final = "instruction"
INFERENCE: Final = "vla/inference"
POLICY_COMMAND: Final = "vla/cmd_vel"
COMMAND: Final = "cmd_vel"
GATE_STATE: Final = "vla_safety/state"

# Published.
DIAGNOSTICS: Final = "/diagnostics"  # absolute: tools of the field look for it only there
PLOT_INFERENCE_MS: Final = "vla_monitor/inference_ms"
PLOT_AGE_MS: Final = "vla_monitor/age_ms"
PLOT_ACTION_NORM: Final = "vla_monitor/action_norm"
PLOT_CAMERA_RATE_HZ: Final = "vla_monitor/camera_rate_hz"
