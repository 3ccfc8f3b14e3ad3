# SPDX-License-Identifier: Apache-2.0
"""What a policy keeps of what stands about the robot, and how it keeps off it.

What is passed leaves the image long before it is passed. So a network that can says at each look
how far it is free in some bearings; what is near is kept, by odometry, until it is seen again.
The network is told at the next look what is kept, and no chunk drives into it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec

RANGES = 24
"""Bearings in which a look says how far it is free."""
BEARINGS: npt.NDArray[np.float32] = np.linspace(-1.0, 1.0, RANGES, dtype=np.float32)
"""These, from right to left [rad]; the camera sees a little less where things are far."""
REACH_M = 1.5
"""What is further off is no matter yet."""
SECTORS = 24
"""Parts of the full circle in which the network is told what is near."""
IN_VIEW_RAD = 0.95
"""A point within this of straight ahead is seen again, or not there any more."""
BLIND_M = 0.45
"""But not what is nearer than this: it may lie below the image."""
KEPT_S = 15.0
GRAIN_M = 0.05
"""Of points that are as near to each other, the newest is enough."""

CLEARANCE_M = 0.23
"""From the robot's centre to what it keeps off: its radius and what looks may be off by."""
STEERED_FIELDS = ("linear.x", "angular.z")
"""The only actions that can be steered: those of a base that drives ahead and turns."""
SLOWER = (1.0, 0.6, 0.3)
"""Shares of its speed with which a chunk is tried."""
TURNED = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.2, 1.5, 1.8)
"""Speeds [rad/s] by which it is tried to be turned, to either side."""
SLOWNESS_COST, TURN_COST = 0.9, 0.4
"""What it costs to stand instead, and to turn by 1 rad/s."""
APPROACHING_M = 1e-4
"""Steps that come nearer by less do not come nearer."""

Array = npt.NDArray[np.float32]


class Surroundings:
    """What stands about the robot, in the frame that its pose is in."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Nothing is known, since poses begin anew."""
        self._points: Array = np.zeros((0, 2), dtype=np.float32)
        self._seen_at = np.zeros(0, dtype=np.int64)

    def take(self, ranges: Array, state: Array, stamp: int) -> None:
        """Keep what a look said; what should have been in view and was not is forgotten.

        Args:
            ranges: how far it is free in `BEARINGS`, from the robot's centre ``[RANGES]`` [m].
            state: pose of the look ``[3]``.
            stamp: of the image [ns].
        """
        points = self.points(state)
        away = np.hypot(points[:, 0], points[:, 1])
        off = np.abs(np.arctan2(points[:, 1], points[:, 0]))
        kept = (off > IN_VIEW_RAD) | (away < BLIND_M)
        kept &= stamp - self._seen_at < KEPT_S * 1e9
        seen = ranges < REACH_M
        new = ranges[seen, None] * _directions(BEARINGS[seen])
        all_points = np.concatenate([_turned(new, state[2]) + state[:2], self._points[kept]])
        stamps = np.concatenate([np.full(len(new), stamp, np.int64), self._seen_at[kept]])
        newest = _thinned(all_points)
        self._points, self._seen_at = all_points[newest], stamps[newest]

    def points(self, state: Array) -> Array:
        """What is kept, m ahead and to the left of the pose ``[3]``: ``[N, 2]``."""
        return _turned(self._points - state[:2], -state[2])

    def features(self, state: Array) -> Array:
        """How near the nearest is in each of the sectors about the pose ``[3]``: ``[SECTORS]``.

        1 where it would touch the robot's centre, 0 where nothing is within reach. Counted
        counter-clockwise from straight behind, as a scanner's rays.
        """
        return nearness(self.points(state))

    def steer(self, actions: Array, state: Array, spec: ActionSpec) -> Array:
        """The chunk that is nearest to `actions` and does not touch what is kept.

        It is tried slower and turned to either side; where nothing helps, the robot turns where it
        stands. To move away is always allowed (dynamic window approach: Fox, Burgard and Thrun
        1997, section 3).

        Args:
            actions: ``[horizon, 2]`` [m/s, rad/s].
            state: pose ``[3]`` at which they begin.
            spec: theirs; its fields are `STEERED_FIELDS`.
        """
        points = self.points(state)
        reach = CLEARANCE_M + float(np.abs(actions[:, 0]).sum()) * spec.dt
        points = points[np.hypot(points[:, 0], points[:, 1]) < reach]
        if not len(points) or _keeps_off(actions[None], spec.dt, points)[0]:
            return actions
        slower, turned = actions[:, 0] * _SHARES[:, None], actions[:, 1] + _TURNS[:, None]
        tried = spec.clip(np.stack([slower, turned], axis=-1))
        free = _keeps_off(tried, spec.dt, points)
        if free.any():
            chosen: Array = tried[int(free.argmax())]
            return chosen
        turning = actions.copy()
        turning[:, 0] = 0.0
        return turning


def nearness(points: Array) -> Array:
    """Points ``[N, 2]`` ahead and to the left [m] as `Surroundings.features` tells of them."""
    told = np.zeros(SECTORS, dtype=np.float32)
    share = (np.arctan2(points[:, 1], points[:, 0]) + math.pi) / math.tau
    sector = (share * SECTORS).astype(np.int64) % SECTORS
    near = 1.0 - np.hypot(points[:, 0], points[:, 1]) / REACH_M
    np.maximum.at(told, sector, near.astype(np.float32))
    return told


def _thinned(points: Array) -> npt.NDArray[np.int64]:
    """Numbers of points ``[N, 2]`` of which no two lie in one cell of a grid; the first ones."""
    cells = np.floor(points / GRAIN_M).astype(np.int64)
    _, first = np.unique(cells[:, 0] * (1 << 31) + cells[:, 1], return_index=True)
    return np.sort(first)


def _tried() -> Array:
    """Shares of the speed and turns ``[K, 2]`` that are tried, the cheapest first."""
    ways = [
        (SLOWNESS_COST * (1.0 - share) + TURN_COST * turn, share, side * turn)
        for share in SLOWER
        for turn in TURNED
        for side in ((1.0, -1.0) if turn else (1.0,))
    ]
    return np.array([way[1:] for way in sorted(ways, key=lambda way: way[0])], dtype=np.float32)


_SHARES, _TURNS = _tried().T


def _keeps_off(chunks: Array, dt: float, points: Array) -> npt.NDArray[np.bool_]:
    """Which of the chunks ``[K, horizon, 2]`` come no nearer to a point than they may, ``[K]``."""
    turned = np.cumsum(chunks[..., 1] * dt, axis=1)
    middle = turned - chunks[..., 1] * (dt / 2)  # heading in the middle of each step
    way = np.cumsum(_directions(middle) * (chunks[..., :1] * dt), axis=1)  # [K, horizon, 2]
    start = np.zeros_like(way[:, :1])
    way = np.concatenate([start, way], axis=1)[:, :, None]
    gaps = np.linalg.norm(way - points, axis=-1)  # [K, horizon + 1, N]
    nearer = gaps[:, 1:] < gaps[:, :-1] - APPROACHING_M
    free: npt.NDArray[np.bool_] = ~(nearer & (gaps[:, 1:] < CLEARANCE_M)).any(axis=(1, 2))
    return free


def _directions(angles: Array) -> Array:
    """Unit vectors ``[..., 2]``."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _turned(points: Array, angle: float) -> Array:
    """Points ``[N, 2]`` turned about the origin [rad]."""
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]], dtype=np.float32)
    turned: Array = points @ turn
    return turned
