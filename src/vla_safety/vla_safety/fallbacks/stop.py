# SPDX-License-Identifier: Apache-2.0
"""Ramps down to a standstill."""

from __future__ import annotations

from typing import ClassVar

from vla_safety.fallback import Fallback
from vla_safety.situation import Situation
from vla_safety.velocity import ZERO, Velocity


class Stop(Fallback):
    """Comes to zero as fast as the deceleration limits allow, and stays there."""

    name: ClassVar[str] = "stop"

    def drive(self, situation: Situation) -> Velocity:
        """Zero, which the gate's ramp leads to."""
        return ZERO
