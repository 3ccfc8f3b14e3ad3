# SPDX-License-Identifier: Apache-2.0
"""Every topic that the simulator touches, spelled once, relative to the robot's namespace."""

from __future__ import annotations

from typing import Final

# Listened to.
COMMAND: Final = "cmd_vel"

# What a robot would publish.
IMAGE: Final = "camera/image_raw"
CAMERA_INFO: Final = "camera/camera_info"
SCAN: Final = "scan"
ODOMETRY: Final = "odom"

# What only a simulator knows: for judging, never for driving.
GROUND_TRUTH: Final = "sim/ground_truth"
COLLISIONS: Final = "sim/collisions"
ROOM: Final = "sim/room"

# Absolute: one clock for everything, and one place where tools look for health.
CLOCK: Final = "/clock"
DIAGNOSTICS: Final = "/diagnostics"
