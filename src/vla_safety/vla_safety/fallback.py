# SPDX-License-Identifier: Apache-2.0
"""What a fallback policy is: one class a file in `fallbacks/`, or one of another package.

Another package offers its policies by the entry point group `vla_safety.fallbacks`, each under
its own name.
"""

from __future__ import annotations

from typing import ClassVar

from vla_safety.situation import Situation
from vla_safety.velocity import Velocity

FALLBACKS_GROUP = "vla_safety.fallbacks"


class Fallback:
    """Drives in the policy's place while a check, the e-stop or disarming keeps the policy out.

    The gate holds what `drive` returns to the velocity and acceleration limits. Only a zero may
    leave the ramp, and only when `hard` is true.
    """

    name: ClassVar[str]
    hard: ClassVar[bool] = False

    def drive(self, situation: Situation) -> Velocity:
        """The velocity that is wanted at this tick."""
        raise NotImplementedError
