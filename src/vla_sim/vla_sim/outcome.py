# SPDX-License-Identifier: Apache-2.0
"""Judges an episode by ground truth: did the robot do what it was told?

An episode succeeds when the robot stands still within the goal region in time with no
collision. The goal regions:

- ``go_to``: the gap between the robot and the thing is at most `GOAL_GAP_M`.
- ``turn_left``, ``turn_right``: a quarter turn, ``turn_around``: half a turn either way, within
  `TURN_TOLERANCE_RAD`, on the spot.
- ``forward``: `FORWARD_M` ahead; ``back_up``: `BACK_UP_M` behind; within `MOVE_TOLERANCE` of it.
- ``stop``: where it is, give or take the way a stop takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_sim.geometry import Pose, wrap
from vla_sim.robot import ROBOT
from vla_sim.room import Room, Solid
from vla_sim.task import Task

GOAL_GAP_M = 0.5
FORWARD_M = 1.0
BACK_UP_M = 0.5
TURN_RAD = {"turn_left": math.pi / 2, "turn_right": -math.pi / 2, "turn_around": math.pi}
TURN_TOLERANCE_RAD = math.radians(25)
MOVE_TOLERANCE = 0.35
"""Share of the distance that `forward` and `back_up` may be off, and may drift sideways."""
SPOT_M = 0.35
"""How far a turn may wander, and how far a stop may roll."""

STILL_LINEAR = 0.03
STILL_ANGULAR = 0.06
STILL_FOR_S = 1.0
IDLE_FOR_S = 6.0
"""A robot that stands elsewhere for this long has given up."""

TIME_LIMIT_S = {"go_to": 45.0, "stop": 8.0}
DEFAULT_TIME_LIMIT_S = 20.0


@dataclass(frozen=True)
class Outcome:
    """How an episode ended: success, and a short reason in words."""

    success: bool
    reason: str


class Judge:
    """Watches one episode and says when and how it ended."""

    def __init__(self, task: Task, room: Room, start: Pose) -> None:
        self.task = task
        self.time_limit_s = TIME_LIMIT_S.get(task.family, DEFAULT_TIME_LIMIT_S)
        self.path_length_m = 0.0
        self._room = room
        self._start = start
        self._pose = start
        self._turned = 0.0
        self._start_s: float | None = None
        self._still_since_s: float | None = None
        self._first_collisions: int | None = None

    def update(
        self, time_s: float, pose: Pose, speed: tuple[float, float], collisions: int
    ) -> Outcome | None:
        """Take the truth of one instant; the outcome once the episode has ended.

        Args:
            time_s: any clock that only moves forward [s].
            pose: true pose of the base.
            speed: true speed: ahead [m/s], counter-clockwise [rad/s].
            collisions: running total of the simulation.
        """
        if self._start_s is None or self._first_collisions is None:
            self._start_s, self._first_collisions = time_s, collisions
        self._follow(pose)
        if collisions > self._first_collisions:
            return Outcome(False, f"collided with {self._touched()}")
        still_s = self._stillness(time_s, speed)
        if still_s >= STILL_FOR_S and self.in_goal:
            return Outcome(True, "stands in the goal region")
        if still_s >= IDLE_FOR_S:
            return Outcome(False, self._elsewhere())
        if time_s - self._start_s > self.time_limit_s:
            return Outcome(False, f"not there after {self.time_limit_s:.0f} s")
        return None

    @property
    def in_goal(self) -> bool:
        """Whether the robot is within the goal region now."""
        terms = self.terms()
        if self.task.family == "go_to":
            return terms["gap_m"] <= GOAL_GAP_M
        if self.task.family in TURN_RAD:
            return terms["turn_error_rad"] <= TURN_TOLERANCE_RAD and terms["moved_m"] <= SPOT_M
        if self.task.family == "stop":
            return terms["moved_m"] <= SPOT_M
        wanted = abs(self._wanted_ahead())
        return max(terms["ahead_error_m"], terms["aside_m"]) <= MOVE_TOLERANCE * wanted

    def terms(self) -> dict[str, float]:
        """The named quantities that the goal region of this task is made of."""
        ahead, aside = self._start.local(self._pose.x, self._pose.y)
        if self.task.target is not None:
            return {"gap_m": gap_to(self._pose, self.task.target)}
        terms = {"moved_m": math.hypot(ahead, aside)}
        if self.task.family in TURN_RAD:
            terms["turn_error_rad"] = self._turn_error()
        elif self.task.family != "stop":
            terms["ahead_error_m"] = abs(ahead - self._wanted_ahead())
            terms["aside_m"] = abs(aside)
        return terms

    @property
    def progress(self) -> str:
        """The terms as a short text for people."""
        return ", ".join(f"{name} {value:.2f}" for name, value in self.terms().items())

    def _follow(self, pose: Pose) -> None:
        self.path_length_m += self._pose.distance_to(pose.x, pose.y)
        self._turned += wrap(pose.yaw - self._pose.yaw)
        self._pose = pose

    def _stillness(self, time_s: float, speed: tuple[float, float]) -> float:
        if abs(speed[0]) > STILL_LINEAR or abs(speed[1]) > STILL_ANGULAR:
            self._still_since_s = None
            return 0.0
        if self._still_since_s is None:
            self._still_since_s = time_s
        return time_s - self._still_since_s

    def _turn_error(self) -> float:
        wanted = TURN_RAD[self.task.family]
        if self.task.family == "turn_around":
            return abs(abs(self._turned) - wanted)
        return abs(self._turned - wanted)

    def _wanted_ahead(self) -> float:
        return FORWARD_M if self.task.family == "forward" else -BACK_UP_M

    def _elsewhere(self) -> str:
        if self.task.family == "go_to":
            for solid in self._room.objects:
                if gap_to(self._pose, solid) <= GOAL_GAP_M:
                    return f"stands at the {solid.name}"
        return f"stands still outside the goal region ({self.progress})"

    def _touched(self) -> str:
        gaps = {f"the {solid.name}": gap_to(self._pose, solid) for solid in self._room.objects}
        x, y = abs(self._pose.x), abs(self._pose.y)
        gaps["a wall"] = min(self._room.width / 2 - x, self._room.depth / 2 - y) - ROBOT.radius
        return min(gaps, key=lambda name: gaps[name])


def gap_to(pose: Pose, solid: Solid) -> float:
    """Gap between the robot's hull and a solid's footprint circle [m]."""
    return pose.distance_to(solid.x, solid.y) - solid.radius - ROBOT.radius
