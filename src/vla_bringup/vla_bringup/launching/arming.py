# SPDX-License-Identifier: Apache-2.0
"""Arming the gate of a simulated robot, which nobody stands beside."""

from __future__ import annotations

import sys

from launch.actions import ExecuteProcess
from launch.condition import Condition
from launch.substitutions import LaunchConfiguration

GATE_LIMIT_S = 120
"""[s] How long to wait for the gate."""


def arming(condition: Condition | None = None) -> ExecuteProcess:
    """A process that arms the gate as soon as there is one, and ends.

    The gate itself starts disarmed, here as everywhere: this does what a person does.
    """
    options = ["--timeout", str(GATE_LIMIT_S), "--namespace", LaunchConfiguration("namespace")]
    return ExecuteProcess(
        cmd=[sys.executable, "-m", "vla_bringup", "arm", *options],
        name="arming",
        output="screen",
        condition=condition,
    )
