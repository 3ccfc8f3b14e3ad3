# SPDX-License-Identifier: Apache-2.0
"""What a policy does that turns back and forth: it takes one way, and keeps to it.

Where two ways around a thing are as good, a network that has no past may want the one when it
looks to the left and the other when it looks to the right, forever. That is seen by odometry
alone; then the way that is freest of what is known is driven for a little, and the network goes
on from where the two differ (cf. the recovery behaviours of Marder-Eppstein et al. 2010).
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_policy.surroundings import CLEARANCE_M

REVERSALS = 4
"""Turns to the other side that lead nowhere; whoever looks about needs fewer."""
SWING_RAD = 0.12
"""Turns back by less are not counted."""
WITHIN_S = 9.0
"""Older reversals are forgotten."""
NOWHERE_M = 0.15
"""Whoever has come further than this has not stood."""

AWAY_M = 0.45
"""How far the chosen way is driven."""
GIVEN_UP_S = 5.0
"""And for how long at most."""
LOOK_AHEAD_M = 0.9
"""A way is as free as another one if both are free for that far."""
ROOM_M = CLEARANCE_M + 0.05
"""From the way to what is known."""
NEAR_M = 0.7
"""From the robot's centre to that of the named thing: nearer, it is only faced."""
FACED_RAD = 0.1
"""It is, when it is ahead by that."""
HEADINGS = 72
"""Ways that are tried, around the full circle."""
TURN_COST = 0.1
"""How many metres of free way it is worth to head nearer to the named thing by 1 rad."""
CRUISE, TURN_GAIN, MAX_TURN, TURN_IN_PLACE_RAD = 0.4, 2.2, 1.3, 0.7
"""m/s, 1/s, rad/s, rad: how the way is driven."""

Array = npt.NDArray[np.float32]
Spot = tuple[float, float]


class Recovery:
    """Notices that the robot turns back and forth, and then leads it away."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new sentence: nothing has happened yet."""
        self._way: tuple[float, float] | None = None  # heading [rad], metres to drive
        self._since = 0  # [ns]
        self._begin: Array | None = None  # where it began to stand, or to be led
        self._reversals: deque[int] = deque(maxlen=REVERSALS)  # [ns]
        self._side = 0  # to which it turned last, 0: to none yet
        self._furthest = 0.0  # heading to which it has turned to that side [rad]

    def take(self, state: Array, stamp: int, points: Array, spot: Spot | None) -> None:
        """Look at how far the robot has come by a look; choose a way, or end it.

        Args:
            state: pose of the look ``[3]``.
            stamp: of the image [ns].
            points: what stands about, m ahead and to the left ``[N, 2]``.
            spot: where the named thing is, m ahead and to the left; None: not known.
        """
        moved = 0.0 if self._begin is None else math.dist(state[:2], self._begin[:2])
        if self._way is not None:
            heading, distance = self._way
            off = abs(heading - float(state[2]))
            under_way = moved < distance if distance > 0.0 else off > FACED_RAD
            if under_way and stamp - self._since < GIVEN_UP_S * 1e9:
                return
            self.restart()
        if self._begin is None or moved > NOWHERE_M:
            self.restart()
            self._begin, self._furthest = state.copy(), float(state[2])
        self._watch(float(state[2]), stamp)
        reversals = self._reversals
        if len(reversals) == REVERSALS and stamp - reversals[0] < WITHIN_S * 1e9:
            bearing, distance = freest(points, spot)
            self._way = (float(state[2]) + bearing, distance)
            self._begin, self._since = state.copy(), stamp

    def lead(self, actions: Array, state: Array, spec: ActionSpec) -> Array:
        """The chunk itself while all is well, otherwise one that takes the chosen way.

        Args:
            actions: ``[horizon, 2]`` [m/s, rad/s].
            state: pose ``[3]`` at which they begin.
            spec: theirs; its fields are `vla_policy.surroundings.STEERED_FIELDS`.
        """
        if self._way is None:
            return actions
        heading, distance = self._way
        led = np.zeros_like(actions)
        off = heading - float(state[2])
        for action in led:
            action[1] = max(-MAX_TURN, min(MAX_TURN, TURN_GAIN * off))
            if distance > 0.0:
                action[0] = CRUISE * max(0.0, 1.0 - abs(off) / TURN_IN_PLACE_RAD)
            off -= float(action[1]) * spec.dt
        return spec.clip(led)

    def _watch(self, heading: float, stamp: int) -> None:
        """Count the turns to the other side."""
        turned = heading - self._furthest
        if turned * self._side >= 0.0 and self._side:
            self._furthest = heading
        elif abs(turned) >= SWING_RAD:
            if self._side:
                self._reversals.append(stamp)
            self._side = 1 if turned > 0.0 else -1
            self._furthest = heading


def freest(points: Array, spot: Spot | None) -> tuple[float, float]:
    """The bearing [rad] that is free for long and leads to the spot, and how far to drive it [m].

    Arguments as in `Recovery.take`. Near the spot it is its bearing, and 0 m.
    """
    wanted, until = 0.0, LOOK_AHEAD_M
    if spot is not None:
        wanted, away = math.atan2(spot[1], spot[0]), math.hypot(*spot)
        if away < NEAR_M:
            return wanted, 0.0
        # The named thing is among the points: it is not in the way to itself.
        points = points[np.hypot(points[:, 0] - spot[0], points[:, 1] - spot[1]) > NEAR_M / 2]
    off = np.linspace(-math.pi, math.pi, HEADINGS, endpoint=False, dtype=np.float32)
    bearings = off + wanted
    ways = np.stack([np.cos(bearings), np.sin(bearings)], axis=-1)  # [HEADINGS, 2]
    along = ways @ points.T  # [HEADINGS, N]
    aside = np.abs(ways[:, :1] * points[:, 1] - ways[:, 1:] * points[:, 0])
    into = np.sqrt(np.maximum(0.0, ROOM_M**2 - aside**2))  # how much earlier than beside it
    blocks = (aside < ROOM_M) & (along > 0.0)
    ends = np.where(blocks, along - into, until).min(axis=1, initial=until)
    best = int((ends - TURN_COST * np.abs(off)).argmax())
    bearing, end = float(bearings[best]), float(ends[best])
    return math.remainder(bearing, math.tau), min(AWAY_M, max(0.0, end))
