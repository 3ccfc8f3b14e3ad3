# SPDX-License-Identifier: Apache-2.0
"""A check of somebody else's raises an exception in the middle of a drive."""

from __future__ import annotations

import os
import time
from pathlib import Path
from textwrap import dedent

from vla_bringup.demo.aftermath import GATE
from vla_bringup.faults.measurement import Measurement, holds
from vla_bringup.faults.probe import wait_until
from vla_bringup.faults.stage import Stage
from vla_bringup.supervisor import Exit

CHECK = """
    from vla_safety.check import Check


    class Bad(Check):
        name = "bad"

        def watch(self, situation):
            if situation.command.velocity.linear_x > 0.55:
                raise KeyError("no such thing")
"""


def run(folder: Path) -> list[Measurement]:
    """The gate ends itself; what it says last, and how it starts anew."""
    plugin = folder / "bad_check"
    _write_plugin(plugin)
    path = os.pathsep.join([str(plugin.absolute()), os.environ.get("PYTHONPATH", "")])
    with Stage(
        folder,
        simulator=False,
        gate={"checks": ["finite", "command_timeout", "bad"]},
        environment={"PYTHONPATH": path},
    ) as stage:
        probe = stage.probe
        probe.arm()
        with stage.source(0.5):
            stage.drive(0.5)
        exits: list[Exit] = []

        def ended() -> bool:
            probe.command(0.56)
            exits.extend(stage.gate.exits())
            return bool(exits)

        wait_until(ended, 20.0, "the end of the gate")
        time.sleep(0.5)
        last, told = probe.speed(), [event.message for event in probe.events]
        stage.restart_gate()
        restarted = probe.state()
    return [
        holds("exception in a check: zero as the last word", last == 0.0),
        holds("exception in a check: an event", any("callback failed" in text for text in told)),
        holds(f"exception in a check: {GATE} ends by itself", exits[0].returncode > 0),
        holds("exception in a check: disarmed after the restart", restarted == "disarmed"),
    ]


def _write_plugin(folder: Path) -> None:
    """A package with a check, as pip would install it."""
    info = folder / "bad_check-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (folder / "bad_check.py").write_text(dedent(CHECK))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad_check\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vla_safety.checks]\nbad = bad_check:Bad\n")
