# SPDX-License-Identifier: Apache-2.0
"""Every name that this node has on the graph, spelled once.

All but one are relative, so that a namespace gives each robot its own.
"""

from __future__ import annotations

NODE = "vla_node"

IMAGE = "camera/image_raw"
COMPRESSED = "/compressed"
"""What image_transport appends to the topic of an image."""
INSTRUCTION = "instruction"
ODOMETRY = "odom"

GATED_COMMAND = "vla/cmd_vel"
DIRECT_COMMAND = "cmd_vel"
PATH = "vla/path"
TASK = "vla/instruction"
"""What the robot does now. The others listen here and leave `instruction` to this node alone: then
`ros2 topic pub --once`, which waits for one listener, waits for the one that has to hear it."""
INFERENCE = "vla/inference"
DIAGNOSTICS = "/diagnostics"
"""Absolute, because every tool of the field listens there."""

INFERENCE_STATUS = "vla_node: Inference"
INSTRUCTION_STATUS = "vla_node: Instruction"
