# SPDX-License-Identifier: Apache-2.0
"""What a policy keeps between two looks: where the named thing was, and how far it has come.

A single image forgets: what is hidden, behind the robot or below the camera is gone, and so is
which of two boxes was the left one when the sentence was said. So the network says at each look
where the thing is, and is told at the next one where that place is now, by odometry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_policy.pose import STATE_DIM

MEMORY_NAMES = ("known", "target.x", "target.y")
"""1 or 0; m ahead and m to the left of the robot, 0 where unknown."""
MEMORY_DIM = len(MEMORY_NAMES)

MODES = ("lost", "remembered", "seen")
"""What a look says about the named thing: not where it should be, or never seen; out of view,
but there is no reason to doubt the memory; in view."""
LOST, REMEMBERED, SEEN = range(len(MODES))

LOSE_S = 0.4
"""How long looks must say *lost* before a memory is given up: a thing that is half hidden is seen
in one look and not in the next, and whoever forgets it at once turns back and forth."""
SAME_SPOT_M = 0.6
SAME_SPOT_ERRORS = 2.5
"""Nearer than this to the memory, or than so many spreads of the look, a look adds to it; further
off, it says where the thing really is, and replaces it."""
LOOK_ERROR = (0.05, 0.06)
"""Spread of where a look sees the thing: metres, and share of the distance. So a memory from afar
gives way to a look from near, and many looks are better than the last one."""
WANDERING = 0.15
"""Spread by which a memory is off after a second [m]: wheels slip, and balls roll."""
TURN_SLIP = 0.2
"""Spread of the error of a turn by odometry, as a share: it moves what is far off the more."""

STAGES = 2
"""Parts that a sentence may have: *first ..., then ...*."""
DWELL_S = 0.5
"""How long the robot stands before the next part begins."""
STANDS_STEPS = 3
STANDS_BELOW = 0.08
"""Normalised size below which an action is that of a robot that has done its part."""
STILL_S = 1.0
"""Whoever has not moved for so long stands, whatever the beginning of a chunk says: a chunk that
comes late is entered behind it, and what it begins with is never driven."""
STILL_M, STILL_RAD = 0.02, 0.03
"""Less is no motion."""

State = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sight:
    """What one look says.

    Attributes:
        mode: index into `MODES`.
        spot: where the named thing is, m ahead and to the left of the robot; only where seen.
        more: whether another part of the sentence follows the present one.
    """

    mode: int
    spot: tuple[float, float]
    more: bool


class Memory:
    """The memory of one task; poses are relative to where its sentence was said."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new sentence: nothing is known."""
        self.stage = 0
        self._origin: State = np.zeros(STATE_DIM, dtype=np.float32)
        self._standing_since: int | None = None
        self._lost_since: int | None = None
        self._still: State | None = None  # where it has not moved from
        self._still_since = 0  # [ns]
        self._forget()

    def state(self, state: State) -> State:
        """The pose since the present part of the sentence began, ``[3]``."""
        return _relative(state, self._origin)

    def features(self, state: State) -> State:
        """Where the named thing was last, seen from the pose ``[3]``; see `MEMORY_NAMES`."""
        here = self.spot(state)
        if here is None:
            return np.zeros(MEMORY_DIM, dtype=np.float32)
        return np.array([1.0, *here], dtype=np.float32)

    def spot(self, state: State) -> tuple[float, float] | None:
        """Where the named thing was last, m ahead and to the left of the pose ``[3]``."""
        if self._spot is None:
            return None
        here = _relative(np.array([*self._spot, 0.0], dtype=np.float32), state)
        return float(here[0]), float(here[1])

    def stands(self, actions: npt.NDArray[np.float32], state: State, stamp: int) -> bool:
        """Whether the robot stands after a look, by its chunk or by odometry.

        Args:
            actions: normalised ``[horizon, action_dim]``.
            state: pose of the look since the sentence was said ``[3]``.
            stamp: of the image [ns].
        """
        if self._still is None or _moved(state, self._still):
            self._still, self._still_since = state.copy(), stamp
        still = stamp - self._still_since >= STILL_S * 1e9
        return stands(actions) or (still and stands(actions[::-1]))

    def take(self, sight: Sight, standing: bool, state: State, stamp: int) -> bool:
        """Keep what a look said; True while the robot is to stand before it goes on.

        Args:
            standing: whether the robot stands after the same look, see `stands`.
            state: pose of the look since the sentence was said ``[3]``.
            stamp: of the image [ns].
        """
        if sight.mode == LOST:
            self._doubt(stamp)
        else:
            self._lost_since = None
        if sight.mode == SEEN:
            self._see(sight.spot, state, stamp)
        if not (sight.more and standing) or self.stage == STAGES - 1:
            self._standing_since = None
            return False
        if self._standing_since is None:
            self._standing_since = stamp
        if stamp - self._standing_since >= DWELL_S * 1e9:
            self.stage += 1
            self._origin = state.copy()
            self._standing_since = None
            self._forget()
        return True

    def _forget(self) -> None:
        self._spot: tuple[float, float] | None = None
        self._variance = 0.0  # of the spot [m^2]
        self._seen_at = 0  # [ns]
        self._heading = 0.0  # of the robot then [rad]
        self._lost_since = None

    def _doubt(self, stamp: int) -> None:
        """A look finds nothing where the thing should be."""
        if self._lost_since is None:
            self._lost_since = stamp
        if stamp - self._lost_since >= LOSE_S * 1e9:
            self._forget()

    def _see(self, spot: tuple[float, float], state: State, stamp: int) -> None:
        """Weigh a look against the memory, each by how sure it is (a Kalman filter's update)."""
        there = _absolute(spot, state)
        error = LOOK_ERROR[0] + LOOK_ERROR[1] * math.hypot(*spot)
        gain = 1.0
        same = max(SAME_SPOT_M, SAME_SPOT_ERRORS * error)
        if self._spot is not None and math.dist(self._spot, there) < same:
            since_s = max(0, stamp - self._seen_at) * 1e-9
            slipped = TURN_SLIP * abs(float(state[2]) - self._heading) * math.hypot(*spot)
            variance = self._variance + WANDERING**2 * since_s + slipped**2
            gain = variance / (variance + error**2)
        old = there if self._spot is None else self._spot
        self._spot = (
            old[0] + gain * (there[0] - old[0]),
            old[1] + gain * (there[1] - old[1]),
        )
        self._variance = gain * error**2
        self._seen_at = stamp
        self._heading = float(state[2])


def stands(actions: npt.NDArray[np.float32]) -> bool:
    """Whether normalised actions ``[horizon, action_dim]`` begin with a stand.

    That a part is done is known by this alone: whoever is asked for it as well may doubt it
    where the robot stands well, and then nobody goes on.
    """
    return bool(np.abs(actions[:STANDS_STEPS]).max() < STANDS_BELOW)


def _moved(state: State, since: State) -> bool:
    """Whether two poses differ by more than noise."""
    turned = abs(float(state[2] - since[2]))
    return math.dist(state[:2], since[:2]) > STILL_M or turned > STILL_RAD


def _relative(state: State, origin: State) -> State:
    """The pose `state` in the frame of the pose `origin`."""
    dx, dy = float(state[0] - origin[0]), float(state[1] - origin[1])
    cos, sin = math.cos(origin[2]), math.sin(origin[2])
    turned = float(state[2] - origin[2])
    return np.array([cos * dx + sin * dy, cos * dy - sin * dx, turned], dtype=np.float32)


def _absolute(spot: tuple[float, float], state: State) -> tuple[float, float]:
    """A point in the frame of the pose `state`, in the frame that the pose is in."""
    cos, sin = math.cos(state[2]), math.sin(state[2])
    return (
        float(state[0]) + cos * spot[0] - sin * spot[1],
        float(state[1]) + sin * spot[0] + cos * spot[1],
    )
