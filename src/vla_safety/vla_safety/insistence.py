# SPDX-License-Identifier: Apache-2.0
"""Remembers what a source must let go of before it may drive again."""

from __future__ import annotations

from vla_safety.velocity import ZERO, Velocity


class Insistence:
    """A stop for a robot that does not do as it is told ends when the source gives in.

    Stopped, it obeys at once; without a memory it would start, fail and stop for ever. What
    counts as giving in: the axis is commanded zero or the other way.
    """

    def __init__(self) -> None:
        self._against = ZERO

    def hold(self, velocity: Velocity) -> None:
        """From now on the source insists while it wants to go the way of `velocity`."""
        self._against = velocity

    def lasts(self, wanted: Velocity) -> bool:
        """Whether `wanted` still goes that way along an axis; if not, it is forgotten."""
        insists = any(old * new > 0.0 for old, new in zip(self._against, wanted, strict=True))
        if not insists:
            self._against = ZERO
        return insists
