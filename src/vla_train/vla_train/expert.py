# SPDX-License-Identifier: Apache-2.0
"""The expert: drives to the named thing by looking at the truth instead of the camera.

It is a teacher of a policy that has only the camera, its memory and the pose since the
instruction began, so of the thing it knows nothing that these cannot tell: while nobody has seen
it, the expert searches by turning left, although the truth is at hand. What stands in the way it
knows even where that is out of view.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_sim.geometry import Pose, wrap
from vla_sim.goal import Drive, Follow, Goal, Reach, Turn
from vla_sim.robot import ROBOT
from vla_sim.room import Room, Solid
from vla_train.motion import advance, advance_straight

STOP_GAP_M = 0.28
"""Gap to the thing at which the expert stands; the goal region reaches to 0.5 m."""
FOLLOW_GAP_M = 0.55
"""Gap that it keeps to a thing that moves."""
SPOT_REACHED_M = 0.06
SOMETHING_RADIUS_M = 0.22
"""Of a thing that is not where it is remembered."""
SAME_PLACE_M = 0.6
"""What stands so near to a place that is driven to is not in the way."""
DETOUR_MARGIN_M = 0.22
"""Room that it leaves between its hull and a solid on its way."""
WALL_MARGIN_M = 0.15
CRUISE = 0.5
SEARCH_TURN = 0.9
TURN_GAIN = 2.2
MAX_TURN = 1.3
SLOW_GAIN = 1.1
TURN_IN_PLACE_RAD = 0.7
KEEP_IN_VIEW_RAD = 0.7
"""How far off the thing it heads at most; the camera sees 0.82 rad to either side."""
ENOUGH_M = 0.15
"""Room beside a solid with which it is passed although the thing is kept in view."""
FULL_SEARCH_RAD = 6.8
WANDER = 0.35
WANDER_M = 0.9


Place = tuple[float, float]


class _Around(NamedTuple):
    """What does not change on the way to a place.

    Attributes:
        stand_off: distance from the place's middle at which the robot stands [m].
        others: solids that may be in the way.
    """

    stand_off: float
    others: tuple[Solid, ...]


class Expert:
    """The action that is right in a pose, for one goal in one room."""

    def __init__(self, goal: Goal, room: Room) -> None:
        self._goal = goal
        self._room = room

    def chunk(
        self, pose: Pose, relative: Pose, place: Place | None, spec: ActionSpec
    ) -> npt.NDArray[np.float32]:
        """The next actions ``[horizon, 2]`` (m/s, rad/s), each from where the last one leads.

        Args:
            pose: in the room.
            relative: since this goal's way began; the yaw is not wrapped.
            place: where the named thing is, or is believed to be; None: not known.
        """
        actions = np.empty((spec.horizon, 2), dtype=np.float32)
        around = self._around(place)
        for step in range(spec.horizon):
            linear, angular = self._act(pose, relative, place, around)
            actions[step] = linear, angular
            pose = advance(pose, linear, angular, spec.dt)
            relative = advance(relative, linear, angular, spec.dt)
        return actions

    def act(self, pose: Pose, relative: Pose, place: Place | None) -> tuple[float, float]:
        """Speeds (m/s, rad/s) for this instant."""
        return self._act(pose, relative, place, self._around(place))

    def _act(
        self, pose: Pose, relative: Pose, place: Place | None, around: _Around
    ) -> tuple[float, float]:
        goal = self._goal
        if isinstance(goal, Turn):
            left = goal.angle - relative.yaw
            return 0.0, _turn(left)
        if isinstance(goal, Drive):
            aside = relative.y if goal.distance > 0.0 else 0.0
            return _drive(goal.distance - relative.x), _turn(-relative.yaw - aside)
        if not isinstance(goal, Reach | Follow):
            return 0.0, 0.0
        if place is None:
            return self._search(pose, relative)
        return self._approach(pose, place, around)

    def _around(self, place: Place | None) -> _Around:
        """What stands at a place, and what may be in the way to it."""
        there = None if place is None else self._standing_at(place)
        others = tuple(solid for solid in self._room.objects if solid is not there)
        return _Around(self._stand_off(there), others)

    def _search(self, pose: Pose, relative: Pose) -> tuple[float, float]:
        """Turn once around; whoever has seen nothing by then looks from somewhere else."""
        if relative.yaw > FULL_SEARCH_RAD and self._free(pose, WANDER_M, WALL_MARGIN_M):
            return WANDER, 0.0
        return 0.0, SEARCH_TURN

    def _approach(self, pose: Pose, place: Place, around: _Around) -> tuple[float, float]:
        facing = pose.bearing_to(*place)
        gap = pose.distance_to(*place) - around.stand_off
        if isinstance(self._goal, Reach) and self._goal.target is None:
            if gap < 0.0:
                return 0.0, 0.0
        elif gap < 0.04 and abs(facing) < 0.35:
            return 0.0, 0.0
        bearing = facing
        blocking = _nearest_blocking(pose, around.others, facing, pose.distance_to(*place))
        if blocking is not None:
            bearing = self._around_it(pose, blocking, facing)
        angular = _turn(bearing)
        if abs(bearing) > TURN_IN_PLACE_RAD:
            return 0.0, angular
        ahead = CRUISE * (1.0 - abs(bearing) / TURN_IN_PLACE_RAD)
        return min(ahead, max(0.0, SLOW_GAIN * (gap + 0.04))), angular

    def _stand_off(self, there: Solid | None) -> float:
        """Distance from the middle of what is driven to at which the robot stands [m]."""
        if isinstance(self._goal, Reach) and self._goal.target is None:
            return SPOT_REACHED_M
        radius = SOMETHING_RADIUS_M if there is None else there.radius
        gap = FOLLOW_GAP_M if isinstance(self._goal, Follow) else STOP_GAP_M
        return radius + ROBOT.radius + gap

    def _standing_at(self, place: Place) -> Solid | None:
        """The solid at a place; there is none at a spot of the floor."""
        if isinstance(self._goal, Reach) and self._goal.target is None:
            return None
        near = [s for s in self._room.objects if _distance(s, place) < SAME_PLACE_M]
        return min(near, key=lambda s: _distance(s, place), default=None)

    def _around_it(self, pose: Pose, solid: Solid, facing: float) -> float:
        """Bearing past a solid that stands in the way to what lies in the bearing `facing`.

        The thing is kept in view as far as there is room to: what is seen need not be remembered.
        It depends on where the robot stands alone, and changes little where that does: whoever
        is not sure what stands where still gets on.
        """
        tangent = self._tangent(pose, solid, facing)
        detour = wrap(tangent - facing)
        in_view = facing + max(-KEEP_IN_VIEW_RAD, min(KEEP_IN_VIEW_RAD, detour))
        if _passes_at(pose, solid, in_view) >= solid.radius + ROBOT.radius + ENOUGH_M:
            return in_view
        return tangent

    def _tangent(self, pose: Pose, solid: Solid, bearing: float) -> float:
        """Bearing along the edge of a solid's margin, on the nearer side that has room."""
        away = pose.distance_to(solid.x, solid.y)
        to_solid = pose.bearing_to(solid.x, solid.y)
        spread = math.asin(min(1.0, _keep_off(solid) / away))
        sides = sorted(
            (to_solid + spread, to_solid - spread), key=lambda b: abs(wrap(b - bearing))
        )
        for side in sides:
            if self._fits(pose, side, away * math.cos(spread)):
                return wrap(side)
        return wrap(sides[0])

    def _free(self, pose: Pose, distance: float, margin: float) -> bool:
        """Whether the base can drive that far straight ahead (or back) without touching."""
        steps = (advance_straight(pose, distance * share) for share in (0.5, 1.0))
        return all(self._room.clearance(p.x, p.y) > ROBOT.radius + margin for p in steps)

    def _fits(self, pose: Pose, bearing: float, distance: float) -> bool:
        """Whether the robot stays off the walls when it drives that way for that far."""
        x = pose.x + distance * math.cos(pose.yaw + bearing)
        y = pose.y + distance * math.sin(pose.yaw + bearing)
        room = self._room
        margin = ROBOT.radius + WALL_MARGIN_M
        return abs(x) < room.width / 2 - margin and abs(y) < room.depth / 2 - margin


def _distance(solid: Solid, place: Place) -> float:
    return math.hypot(solid.x - place[0], solid.y - place[1])


def _nearest_blocking(
    pose: Pose, solids: tuple[Solid, ...], bearing: float, distance: float
) -> Solid | None:
    """The nearest solid that stands in the way of driving so far in a bearing."""
    cos, sin = math.cos(pose.yaw + bearing), math.sin(pose.yaw + bearing)
    nearest, nearest_away = None, math.inf
    for solid in solids:
        dx, dy = solid.x - pose.x, solid.y - pose.y
        ahead = cos * dx + sin * dy
        if (
            0.0 < ahead < distance
            and abs(cos * dy - sin * dx) < _keep_off(solid) - 0.02
            and (away := math.hypot(dx, dy)) < nearest_away
        ):
            nearest, nearest_away = solid, away
    return nearest


def _passes_at(pose: Pose, solid: Solid, bearing: float) -> float:
    """How near a straight way in that bearing comes to a solid's centre [m]."""
    away = pose.distance_to(solid.x, solid.y)
    off = wrap(pose.bearing_to(solid.x, solid.y) - bearing)
    return away if abs(off) > math.pi / 2 else abs(away * math.sin(off))


def _keep_off(solid: Solid) -> float:
    return solid.radius + ROBOT.radius + DETOUR_MARGIN_M


def _turn(error: float) -> float:
    if abs(error) < 0.02:
        return 0.0
    return max(-MAX_TURN, min(MAX_TURN, TURN_GAIN * error))


def _drive(error: float) -> float:
    if abs(error) < 0.02:
        return 0.0
    return max(-0.3, min(0.4, SLOW_GAIN * 1.5 * error))
