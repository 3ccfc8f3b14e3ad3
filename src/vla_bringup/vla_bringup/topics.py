# SPDX-License-Identifier: Apache-2.0
"""Names of the topics and services that the verbs and the demo use.

All but `DIAGNOSTICS` are relative: a namespace gives each robot its own.
"""

from __future__ import annotations

IMAGE = "camera/image_raw"
INSTRUCTION = "instruction"
POLICY_COMMAND = "vla/cmd_vel"
INFERENCE = "vla/inference"
COMMAND = "cmd_vel"
GATE_STATE = "vla_safety/state"
GATE_ARM = "vla_safety/arm"
ESTOP_TRIGGER = "hardware/e_stop_trigger"
ESTOP_RESET = "hardware/e_stop_reset"
DIAGNOSTICS = "/diagnostics"

GROUND_TRUTH = "sim/ground_truth"
COLLISIONS = "sim/collisions"
ROOM = "sim/room"
