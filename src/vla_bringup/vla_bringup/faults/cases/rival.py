# SPDX-License-Identifier: Apache-2.0
"""Somebody else publishes to the base."""

from __future__ import annotations

import time
from pathlib import Path

from geometry_msgs.msg import Twist

from vla_bringup import topics
from vla_bringup.faults.measurement import Measurement, at_most
from vla_bringup.faults.probe import wait_until
from vla_bringup.faults.stage import Stage

WITHIN_S = 1.0
ERROR = 2


def run(folder: Path) -> list[Measurement]:
    """A second publisher on cmd_vel."""
    with Stage(folder, simulator=False) as stage, stage.source(0.5):
        probe = stage.probe
        probe.arm()
        stage.drive(0.5)
        began_s, told = time.monotonic(), len(probe.states)
        rival = probe.create_publisher(Twist, topics.COMMAND, 1)
        wait_until(lambda: probe.speed() == 0.0, 10.0, "zero")
        wait_until(lambda: any(s.level == ERROR for s in probe.states[told:]), 10.0, "an error")
        error_s = next(s.at_s for s in probe.states[told:] if s.level == ERROR)
        zero_s = next(h.at_s for h in probe.outputs if h.at_s > began_s and h.linear == 0.0)
        probe.destroy_publisher(rival)
    return [
        at_most("second publisher: ERROR after", WITHIN_S, error_s - began_s, "s"),
        at_most("second publisher: zero after", WITHIN_S, zero_s - began_s, "s"),
    ]
