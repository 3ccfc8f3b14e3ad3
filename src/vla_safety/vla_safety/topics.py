# SPDX-License-Identifier: Apache-2.0
"""Names of the topics and services, each spelled once; relative, so a namespace moves them."""

from __future__ import annotations

POLICY_COMMAND = "vla/cmd_vel"
TELEOP_COMMAND = "cmd_vel_teleop"
COMMAND = "cmd_vel"
SCAN = "scan"
ODOMETRY = "odom"
IMAGE = "camera/image_raw"
INSTRUCTION = "vla/instruction"
UNCERTAINTY = "~/uncertainty"
E_STOP = "hardware/e_stop"
E_STOP_TRIGGER = "hardware/e_stop_trigger"
E_STOP_RESET = "hardware/e_stop_reset"
ARM = "~/arm"
STATE = "~/state"
EVENTS = "~/events"
# Absolute by the convention of the whole field: one place for the health of everything.
DIAGNOSTICS = "/diagnostics"
