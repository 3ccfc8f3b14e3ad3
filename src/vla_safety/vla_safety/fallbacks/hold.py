# SPDX-License-Identifier: Apache-2.0
"""Goes on for a moment, for a reason that may be over by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.fallback import Fallback
from vla_safety.instant import nanoseconds
from vla_safety.situation import Situation
from vla_safety.specification import Specification
from vla_safety.velocity import ZERO, Velocity

DURATION = Specification(
    name="hold.duration",
    kind=float,
    default=0.2,
    description="How long hold goes on before it stops",
    unit="s",
    low=0.0,
    high=2.0,
    looser="higher",
)


class Hold(Fallback):
    """Keeps the velocity of the last tick for `hold.duration`, then comes to zero."""

    name: ClassVar[str] = "hold"
    parameters: ClassVar[tuple[Specification, ...]] = (DURATION,)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take the duration."""
        self._duration_ns = nanoseconds(values[DURATION.name])

    def begin(self, situation: Situation) -> None:
        """Note what is driven, and until when."""
        self._velocity = situation.previous
        self._until_ns = situation.now.steady_ns + self._duration_ns

    def drive(self, situation: Situation) -> Velocity:
        """The velocity that was noted, or zero."""
        return self._velocity if situation.now.steady_ns < self._until_ns else ZERO
