# SPDX-License-Identifier: Apache-2.0
"""What a fallback policy is: one class a file in `fallbacks/`, or one of another package.

Another package offers its policies by the entry point group `vla_safety.fallbacks`, each under
its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.velocity import Velocity

FALLBACKS_GROUP = "vla_safety.fallbacks"


class Fallback:
    """Drives in the source's place while a check, the e-stop or disarming keeps it out.

    The gate holds what `drive` returns to the velocity and acceleration limits, and to what the
    checks leave of it. Only a zero may leave the ramp, and only when `hard` is true. Each reason
    has an instance of its own; `parameters` are named `<name>.<something>`.
    """

    name: ClassVar[str]
    hard: ClassVar[bool] = False
    parameters: ClassVar[tuple[Specification, ...]] = ()

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take new values of the parameters; they have been checked."""

    def observe(self, situation: Situation) -> None:
        """See a tick at which it does not drive: `situation.previous` is what was driven."""

    def begin(self, situation: Situation) -> None:
        """Get ready: the next call is the first `drive` in a row."""

    def drive(self, situation: Situation) -> Velocity:
        """The velocity that is wanted at this tick."""
        raise NotImplementedError
