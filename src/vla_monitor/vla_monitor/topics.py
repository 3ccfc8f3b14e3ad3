# SPDX-License-Identifier: Apache-2.0
"""Every topic that the monitor touches, spelled once, relative to the robot's namespace."""

from __future__ import annotations

from typing import Final

# Listened to.
CAMERA_INFO: Final = "camera/camera_info"
INSTRUCTION: Final = "vla/instruction"
INFERENCE: Final = "vla/inference"
POLICY_COMMAND: Final = "vla/cmd_vel"
COMMAND: Final = "cmd_vel"
GATE_STATE: Final = "vla_safety/state"
GATE_EVENTS: Final = "vla_safety/events"

# Named in a status, never listened to: headers tell enough.
IMAGE: Final = "camera/image_raw"

# Listened to and published; absolute: tools of the field look for it only there.
DIAGNOSTICS: Final = "/diagnostics"

# Published when it happens: once an inference, a new image's command, ...
PLOT_INFERENCE_MS: Final = "vla_monitor/inference_ms"
PLOT_PREPROCESS_MS: Final = "vla_monitor/preprocess_ms"
PLOT_QUEUE_WAIT_MS: Final = "vla_monitor/queue_wait_ms"
PLOT_POLICY_AGE_MS: Final = "vla_monitor/policy_age_ms"
PLOT_AGE_MS: Final = "vla_monitor/age_ms"
PLOT_ACTION_NORM: Final = "vla_monitor/action_norm"
PLOT_ACTION_DISTANCE: Final = "vla_monitor/action_distance"
EVENT_PLOTS: Final = (
    PLOT_INFERENCE_MS,
    PLOT_PREPROCESS_MS,
    PLOT_QUEUE_WAIT_MS,
    PLOT_POLICY_AGE_MS,
    PLOT_AGE_MS,
    PLOT_ACTION_NORM,
    PLOT_ACTION_DISTANCE,
)

# Published with the diagnostics: topic, and the subject and key of the number.
REPORT_PLOTS: Final = (
    ("vla_monitor/camera_rate_hz", "Camera", "rate_hz"),
    ("vla_monitor/camera_jitter_ms", "Camera", "jitter_ms"),
    ("vla_monitor/inference_rate_hz", "Inference", "rate_hz"),
    ("vla_monitor/drop_ratio", "Inference", "drop_ratio"),
    ("vla_monitor/chunk_overruns", "Inference", "chunk_overruns"),
    ("vla_monitor/policy_command_rate_hz", "Policy Command", "rate_hz"),
    ("vla_monitor/command_rate_hz", "Command", "rate_hz"),
    ("vla_monitor/gate_level", "Gate", "gate_level"),
    ("vla_monitor/clip_ratio", "Gate", "clip_ratio"),
    ("vla_monitor/interventions_per_min", "Interventions", "rate_per_min"),
    ("vla_monitor/cpu_percent", "Processes", "cpu_percent"),
    ("vla_monitor/memory_mb", "Processes", "memory_mb"),
)
