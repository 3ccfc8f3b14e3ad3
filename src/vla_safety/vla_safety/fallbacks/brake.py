# SPDX-License-Identifier: Apache-2.0
"""Commands zero at once."""

from __future__ import annotations

from typing import ClassVar

from vla_safety.fallback import Fallback
from vla_safety.situation import Situation
from vla_safety.velocity import ZERO, Velocity


class Brake(Fallback):
    """Commands zero in one tick; how hard the robot brakes is then up to its base."""

    name: ClassVar[str] = "brake"
    hard: ClassVar[bool] = True

    def drive(self, situation: Situation) -> Velocity:
        """Zero, without a ramp."""
        return ZERO
