# SPDX-License-Identifier: Apache-2.0
"""Whether the robot may be driven at all: a person says so, after every start."""

from __future__ import annotations

from vla_safety.answer import Answer


class Arming:
    """Disarmed at start; arming needs a free e-stop, disarming always works."""

    def __init__(self) -> None:
        self.armed = False

    def set(self, armed: bool, e_stop_latched: bool) -> Answer:
        """Arm or disarm; refused, with a sentence, only for arming under a latched e-stop."""
        if armed and e_stop_latched:
            return Answer(False, "cannot arm: the e-stop is latched; reset it first")
        self.armed = armed
        return Answer(True, "armed" if armed else "disarmed: the robot stops and stays stopped")
