# SPDX-License-Identifier: Apache-2.0
"""The expert: drives to the named thing by looking at the truth instead of the camera.

It is a teacher of a policy that has only the camera and the pose since the instruction began,
so it acts on nothing that these two cannot tell: while the thing is out of the camera's view,
it searches by turning left, although it knows where the thing is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_sim.geometry import Pose, wrap
from vla_sim.outcome import BACK_UP_M, FORWARD_M, TURN_RAD
from vla_sim.robot import ROBOT
from vla_sim.room import Room, Solid
from vla_sim.task import Task

STOP_GAP_M = 0.28
"""Gap to the thing at which the expert stands; the goal region reaches to 0.5 m."""
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
BACK_OFF_SPEED = 0.2
BACK_OFF_M = 0.2
BACK_OFF_MARGIN_M = 0.06
BACK_OFF_TURN_RAD = 0.6
BACKING_OFF_RAD = 0.3
"""A nose that is turned this near to, or this far into, the turn of backing off is in it."""
ENOUGH_M = 0.08
"""Room beside a solid with which it is passed; backing off goes on to `PLENTY_M`."""
PLENTY_M = 0.18
FULL_SEARCH_RAD = 6.8
WANDER = 0.35
WANDER_M = 0.9


@dataclass(frozen=True)
class Relative:
    """Pose since the instruction began: m ahead, m to the left, rad turned (unwrapped)."""

    x: float
    y: float
    heading: float

    @classmethod
    def from_state(cls, state: npt.NDArray[np.float32]) -> Relative:
        """From an observation's state ``[3]``."""
        x, y, heading = (float(value) for value in state)
        return cls(x, y, heading)


class Expert:
    """The action that is right in a pose, for one task in one room."""

    def __init__(self, task: Task, room: Room) -> None:
        self._task = task
        self._room = room

    def chunk(
        self, pose: Pose, relative: Relative, visible: bool, spec: ActionSpec
    ) -> npt.NDArray[np.float32]:
        """The next actions ``[horizon, 2]`` (m/s, rad/s), each from where the last one leads."""
        actions = np.empty((spec.horizon, 2), dtype=np.float32)
        for step in range(spec.horizon):
            linear, angular = self.act(pose, relative, visible)
            actions[step] = linear, angular
            pose = Pose(*advance(pose.x, pose.y, pose.yaw, linear, angular, spec.dt))
            relative = Relative(
                *advance(relative.x, relative.y, relative.heading, linear, angular, spec.dt)
            )
        return actions

    def act(self, pose: Pose, relative: Relative, visible: bool) -> tuple[float, float]:
        """Speeds (m/s, rad/s) for this instant."""
        family = self._task.family
        if family == "stop":
            return 0.0, 0.0
        if family in TURN_RAD:
            return 0.0, _turn(TURN_RAD[family] - relative.heading)
        if family == "forward":
            return _drive(FORWARD_M - relative.x), _turn(-relative.heading - relative.y)
        if family == "back_up":
            return _drive(-BACK_UP_M - relative.x), _turn(-relative.heading)
        assert self._task.target is not None
        if not visible:
            return self._search(pose, relative)
        return self._approach(pose, self._task.target)

    def _search(self, pose: Pose, relative: Relative) -> tuple[float, float]:
        """Turn once around; whoever has seen nothing by then looks from somewhere else."""
        if relative.heading > FULL_SEARCH_RAD and self._free(pose, WANDER_M, WALL_MARGIN_M):
            return WANDER, 0.0
        return 0.0, SEARCH_TURN

    def _approach(self, pose: Pose, target: Solid) -> tuple[float, float]:
        gap = pose.distance_to(target.x, target.y) - target.radius - ROBOT.radius - STOP_GAP_M
        facing = pose.bearing_to(target.x, target.y)
        if gap < 0.04 and abs(facing) < 0.35:
            return 0.0, 0.0
        bearing = facing
        blocking = self._nearest_blocking(pose, target, facing)
        if blocking is not None:
            detour = wrap(self._tangent(pose, blocking, facing) - facing)
            # The thing must stay in view on the way around, or the search would start again.
            bearing = facing + max(-KEEP_IN_VIEW_RAD, min(KEEP_IN_VIEW_RAD, detour))
            backing_off = self._back_off(pose, blocking, facing, bearing)
            if backing_off is not None:
                return backing_off
        angular = _turn(bearing)
        if abs(bearing) > TURN_IN_PLACE_RAD:
            return 0.0, angular
        ahead = CRUISE * (1.0 - abs(bearing) / TURN_IN_PLACE_RAD)
        return min(ahead, max(0.0, SLOW_GAIN * (gap + 0.04))), angular

    def _back_off(
        self, pose: Pose, solid: Solid, facing: float, bearing: float
    ) -> tuple[float, float] | None:
        """Reverse from a solid too near to be passed in that bearing; None where it is not.

        The nose turns away from the side on which the solid will be passed, so that the base
        comes out on that side. The nose is memory, too: once it is turned, the base goes on
        until there is plenty of room, or it would be back after its next step ahead.
        """
        turned = facing - math.copysign(BACK_OFF_TURN_RAD, bearing - facing)
        backing_off = (bearing - facing) * facing > 0.0 and abs(facing) > BACKING_OFF_RAD
        margin = PLENTY_M if backing_off else ENOUGH_M
        if _passes_at(pose, solid, bearing) >= solid.radius + ROBOT.radius + margin:
            return None
        if abs(turned) > BACKING_OFF_RAD:
            return 0.0, _turn(turned)
        if self._free(pose, -BACK_OFF_M, BACK_OFF_MARGIN_M):
            return -BACK_OFF_SPEED, _turn(turned)
        return None

    def _nearest_blocking(self, pose: Pose, target: Solid, bearing: float) -> Solid | None:
        distance = pose.distance_to(target.x, target.y)
        blocking = [
            solid
            for solid in self._room.objects
            if solid is not target and _blocks(pose, solid, bearing, distance)
        ]
        return min(blocking, key=lambda s: pose.distance_to(s.x, s.y), default=None)

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
        steps = (distance * share for share in (0.5, 1.0))
        return all(
            self._room.clearance(pose.x + s * math.cos(pose.yaw), pose.y + s * math.sin(pose.yaw))
            > ROBOT.radius + margin
            for s in steps
        )

    def _fits(self, pose: Pose, bearing: float, distance: float) -> bool:
        """Whether the robot stays off the walls when it drives that way for that far."""
        x = pose.x + distance * math.cos(pose.yaw + bearing)
        y = pose.y + distance * math.sin(pose.yaw + bearing)
        room = self._room
        margin = ROBOT.radius + WALL_MARGIN_M
        return abs(x) < room.width / 2 - margin and abs(y) < room.depth / 2 - margin


def advance(
    x: float, y: float, yaw: float, linear: float, angular: float, dt: float
) -> tuple[float, float, float]:
    """Where a base comes that drives (m/s, rad/s) for `dt` seconds from a pose."""
    middle = yaw + 0.5 * angular * dt
    return (
        x + linear * math.cos(middle) * dt,
        y + linear * math.sin(middle) * dt,
        yaw + angular * dt,
    )


def _blocks(pose: Pose, solid: Solid, bearing: float, distance: float) -> bool:
    away = pose.distance_to(solid.x, solid.y)
    off = wrap(pose.bearing_to(solid.x, solid.y) - bearing)
    ahead = away * math.cos(off)
    if ahead <= 0.0 or ahead >= distance:
        return False
    return abs(away * math.sin(off)) < _keep_off(solid) - 0.02


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
