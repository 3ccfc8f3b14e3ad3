# SPDX-License-Identifier: Apache-2.0
"""How far a round robot can drive before it comes too close to a point, and how fast it may.

Points are [N, 2] in the frame of the motion [m]: the robot's centre at the origin, x the way
that it moves, y to the left of that. A point that is not ahead (x <= 0) is being left behind and
is never in the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from vla_safety.drift import Drift

Points = npt.NDArray[np.float64]  # [N, 2]

# A wider arc [m] is a straight line: it leaves it by 1 cm after a metre.
_WIDEST_ARC_M = 50.0
_TINY_M = 1e-9


@dataclass(frozen=True, slots=True)
class Body:
    """A disc of `radius` [m] that wants a gap of `margin` ahead and `lateral_margin` beside it."""

    radius: float
    margin: float
    lateral_margin: float

    @property
    def reach(self) -> float:
        """How far from the centre [m] a point can be that stops the robot where it is."""
        return self.radius + max(self.margin, self.lateral_margin)

    def free_distance(self, points: Points, curvature: float) -> float:
        """How far [m] it can drive until the gap to a point is the margin; inf: as far as seen.

        The lesser of two ways: straight on, and along the arc of `curvature` [1/m, left
        positive]; a robot that is told to stop turning may be anywhere between them. Negative
        where the gap is less already.
        """
        ahead = points[points[:, 0] > 0.0]
        distance = self._straight(ahead)
        if abs(curvature) * _WIDEST_ARC_M > 1.0:
            distance = min(distance, self._on_arc(ahead, curvature))
        return distance

    def _straight(self, ahead: Points) -> float:
        x, y = ahead[np.abs(ahead[:, 1]) < self.radius + self.lateral_margin].T
        reach = self.radius + self.margin
        return _least(x - np.sqrt(np.maximum(reach**2 - y**2, 0.0)))

    def _on_arc(self, ahead: Points, curvature: float) -> float:
        """Seen from the centre of the arc: law of cosines for the place where the gap is left."""
        arc = max(1.0 / abs(curvature), _TINY_M)
        x = ahead[:, 0]
        inward = ahead[:, 1] if curvature > 0.0 else -ahead[:, 1]
        away = np.maximum(np.hypot(x, arc - inward), _TINY_M)
        swept = np.abs(away - arc) < self.radius + self.lateral_margin
        x, inward, away = x[swept], inward[swept], away[swept]
        reach = self.radius + self.margin
        cosine = (arc**2 + away**2 - reach**2) / (2.0 * arc * away)
        return _least(arc * (np.arctan2(x, arc - inward) - np.arccos(np.clip(cosine, -1.0, 1.0))))


def in_motion_frame(points: Points, drift: Drift, direction: float) -> Points:
    """`points` of the moment of measurement as seen after `drift`, with x along `direction` [rad].

    `direction` is measured from where the robot faces now.
    """
    cosine, sine = np.cos(drift.yaw + direction), np.sin(drift.yaw + direction)
    x, y = points[:, 0] - drift.x, points[:, 1] - drift.y
    return np.stack((cosine * x + sine * y, cosine * y - sine * x), axis=1)


def stopping_speed(distance: float, deceleration: float, reaction_s: float) -> float:
    """The speed v [m/s] from which the robot just stops within `distance` [m].

    Solves distance = v * reaction_s + v^2 / (2 * deceleration); 0 where there is no way left.
    """
    if distance <= 0.0:
        return 0.0
    if distance == inf:
        return inf
    lost = deceleration * reaction_s
    return sqrt(lost**2 + 2.0 * deceleration * distance) - lost


def stopping_distance(speed: float, deceleration: float, reaction_s: float) -> float:
    """The way [m] that the robot needs from `speed` [m/s]: the inverse of `stopping_speed`."""
    return speed * reaction_s + speed**2 / (2.0 * deceleration)


def _least(distances: npt.NDArray[np.float64]) -> float:
    return float(distances.min(initial=inf))
