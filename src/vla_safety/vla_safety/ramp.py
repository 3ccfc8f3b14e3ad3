# SPDX-License-Identifier: Apache-2.0
"""The last output, and the ways that lead on from it."""

from __future__ import annotations

from vla_safety.limits import Limits
from vla_safety.velocity import ZERO, Velocity


class Ramp:
    """Leads from one output to the next, each way within velocity and acceleration limits.

    Smoothness and curvature are comfort: they shape what a source wants. A slowing down that the
    gate itself wants takes the shortest way, for no comfort may lengthen a stop.
    """

    def __init__(self) -> None:
        self.output = ZERO
        self._acceleration = ZERO
        self._wanted = ZERO

    def follow(self, wanted: Velocity, dt_s: float, limits: Limits) -> Velocity:
        """Towards what the source wants, smoothly."""
        output = limits.ease(
            self.output, self._acceleration, wanted, dt_s, followed=self.output == self._wanted
        )
        return self._moved(output, wanted, dt_s)

    def restrain(self, wanted: Velocity, dt_s: float, limits: Limits) -> Velocity:
        """Towards what the gate leaves or wants: slower at once, faster smoothly."""
        smooth = limits.ease(self.output, self._acceleration, wanted, dt_s, followed=False)
        short = limits.step(self.output, wanted, dt_s)
        output = Velocity(*(min(pair, key=abs) for pair in zip(short, smooth, strict=True)))
        return self._moved(output, wanted, dt_s)

    def halt(self) -> Velocity:
        """Zero at once, whatever the limits."""
        self._acceleration = ZERO
        self.output = self._wanted = ZERO
        return ZERO

    def _moved(self, output: Velocity, wanted: Velocity, dt_s: float) -> Velocity:
        if dt_s > 0.0:
            self._acceleration = Velocity(
                *(
                    (after - before) / dt_s
                    for before, after in zip(self.output, output, strict=True)
                )
            )
        self.output, self._wanted = output, wanted
        return output
