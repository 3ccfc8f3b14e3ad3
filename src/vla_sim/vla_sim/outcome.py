# SPDX-License-Identifier: Apache-2.0
"""Judges an episode by ground truth: did the robot do what it was told?

An episode succeeds when the robot stands still within the goal region in time with no
collision. The goal regions:

- `Reach`: the gap between the robot and the thing is at most `GOAL_GAP_M`, or the robot's
  middle is at most `SPOT_RADIUS_M` from the spot.
- `Turn`: turned by the angle, within `TURN_TOLERANCE_RAD` (and half the angle), on the spot.
- `Drive`: that far ahead or behind, within `MOVE_TOLERANCE` of it and `MOVE_TOLERANCE_M`.
- `Stop`: where it is, give or take the way a stop takes.

Of several goals each is to be reached, one after the other. A thing that moves is followed when
the gap was at most `FOLLOW_GAP_M` for `FOLLOW_SHARE` of the time after `FOLLOW_AFTER_S`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_sim.geometry import Pose, wrap
from vla_sim.goal import Drive, Follow, Goal, Reach, Stop, Turn
from vla_sim.robot import ROBOT
from vla_sim.room import Room, Solid
from vla_sim.task import Task

GOAL_GAP_M = 0.5
SPOT_RADIUS_M = 0.4
TURN_TOLERANCE_RAD = math.radians(25)
MOVE_TOLERANCE = 0.35
"""Share of its length that a drive may be off, and may drift sideways; at most
`MOVE_TOLERANCE_M`."""
MOVE_TOLERANCE_M = 0.35
SPOT_M = 0.35
"""How far a turn may wander, and how far a stop may roll."""

STILL_LINEAR = 0.03
STILL_ANGULAR = 0.06
STILL_FOR_S = 1.0
PASSED_FOR_S = 0.2
"""How long the robot must stand at a goal that is not its last."""
IDLE_FOR_S = 6.0
"""A robot that stands elsewhere for this long has given up."""

FOLLOW_S = 24.0
FOLLOW_AFTER_S = 12.0
FOLLOW_GAP_M = 1.2
FOLLOW_SHARE = 0.8

REACH_LIMIT_S = 45.0
STOP_LIMIT_S = 8.0
MOVE_LIMIT_S = 20.0


@dataclass(frozen=True)
class Outcome:
    """How an episode ended: success, and a short reason in words.

    Attributes:
        at: name of the thing at which it ended, where it is not the one that was named.
    """

    success: bool
    reason: str
    at: str | None = None
    collided: bool = False


class Judge:
    """Watches one episode and says when and how it ended."""

    def __init__(self, task: Task, room: Room, start: Pose) -> None:
        self.task = task
        self.time_limit_s = sum(_limit_s(goal) for goal in task.goals)
        self.path_length_m = 0.0
        self._room = room
        self._stage = 0
        self._origin = start  # where the present goal's way began
        self._pose = start
        self._turned = 0.0  # since then
        self._start_s: float | None = None
        self._last_s = 0.0
        self._still_since_s: float | None = None
        self._first_collisions: int | None = None
        self._near_s = 0.0

    @property
    def goal(self) -> Goal:
        """The goal that is to be reached now."""
        return self.task.goals[self._stage]

    @property
    def stage(self) -> int:
        """Its number, from 0."""
        return self._stage

    def update(
        self,
        time_s: float,
        pose: Pose,
        speed: tuple[float, float],
        collisions: int,
        room: Room | None = None,
    ) -> Outcome | None:
        """Take the truth of one instant; the outcome once the episode has ended.

        Args:
            time_s: any clock that only moves forward [s].
            pose: true pose of the base.
            speed: true speed: ahead [m/s], counter-clockwise [rad/s].
            collisions: running total of the simulation.
            room: the room as it is now, where something in it has moved.
        """
        if self._start_s is None or self._first_collisions is None:
            self._start_s, self._first_collisions = time_s, collisions
            self._last_s = time_s
        self._room = room or self._room
        self._track(pose)
        if collisions > self._first_collisions:
            return Outcome(False, f"collided with {self._touched()}", collided=True)
        if isinstance(self.goal, Follow):
            return self._judge_following(time_s)
        still_s = self._stillness(time_s, speed)
        if self.in_goal and still_s >= (STILL_FOR_S if self._is_last else PASSED_FOR_S):
            if self._is_last:
                return Outcome(True, "stands in the goal region")
            self._pass_goal()
        elif still_s >= IDLE_FOR_S:
            return self._gave_up()
        if time_s - self._start_s > self.time_limit_s:
            return Outcome(False, f"not there after {self.time_limit_s:.0f} s")
        return None

    @property
    def in_goal(self) -> bool:
        """Whether the robot is within the goal region now."""
        goal, terms = self.goal, self.terms()
        if isinstance(goal, Reach):
            if goal.target is None:
                return terms["distance_m"] <= SPOT_RADIUS_M
            return terms["gap_m"] <= GOAL_GAP_M
        if isinstance(goal, Turn):
            tolerance = min(TURN_TOLERANCE_RAD, 0.5 * abs(goal.angle))
            return terms["turn_error_rad"] <= tolerance and terms["moved_m"] <= SPOT_M
        if isinstance(goal, Drive):
            tolerance = min(MOVE_TOLERANCE_M, MOVE_TOLERANCE * abs(goal.distance))
            return max(terms["ahead_error_m"], terms["aside_m"]) <= tolerance
        if isinstance(goal, Follow):
            return terms["gap_m"] <= FOLLOW_GAP_M
        return terms["moved_m"] <= SPOT_M

    def terms(self) -> dict[str, float]:
        """The named quantities that the goal region of the present goal is made of."""
        goal, pose = self.goal, self._pose
        if isinstance(goal, Reach) and goal.target is None:
            return {"distance_m": pose.distance_to(goal.x, goal.y)}
        if isinstance(goal, Reach | Follow):
            assert goal.target is not None
            return {"gap_m": gap_to(pose, self._now(goal.target))}
        ahead, aside = self._origin.local(pose.x, pose.y)
        if isinstance(goal, Drive):
            return {"ahead_error_m": abs(ahead - goal.distance), "aside_m": abs(aside)}
        terms = {"moved_m": math.hypot(ahead, aside)}
        if isinstance(goal, Turn):
            turned = abs(self._turned) if goal.either else self._turned
            terms["turn_error_rad"] = abs(turned - goal.angle)
        return terms

    @property
    def progress(self) -> str:
        """The terms as a short text for people."""
        text = ", ".join(f"{name} {value:.2f}" for name, value in self.terms().items())
        goals = len(self.task.goals)
        return text if goals == 1 else f"{self._stage + 1} of {goals}: {text}"

    @property
    def _is_last(self) -> bool:
        return self._stage == len(self.task.goals) - 1

    def _now(self, solid: Solid) -> Solid:
        """The solid where it stands now."""
        return self._room.find(solid.colour, solid.shape) or solid

    def _pass_goal(self) -> None:
        self._stage += 1
        self._origin, self._turned = self._pose, 0.0
        self._still_since_s = None

    def _track(self, pose: Pose) -> None:
        self.path_length_m += self._pose.distance_to(pose.x, pose.y)
        self._turned += wrap(pose.yaw - self._pose.yaw)
        self._pose = pose

    def _judge_following(self, time_s: float) -> Outcome | None:
        assert self._start_s is not None
        followed_s = time_s - self._start_s
        if followed_s > FOLLOW_AFTER_S and self.in_goal:
            self._near_s += time_s - self._last_s
        self._last_s = time_s
        if followed_s < FOLLOW_S:
            return None
        share = self._near_s / (FOLLOW_S - FOLLOW_AFTER_S)
        if share >= FOLLOW_SHARE:
            return Outcome(True, f"near it for {share:.0%} of the time")
        return Outcome(False, f"near it for only {share:.0%} of the time")

    def _stillness(self, time_s: float, speed: tuple[float, float]) -> float:
        if abs(speed[0]) > STILL_LINEAR or abs(speed[1]) > STILL_ANGULAR:
            self._still_since_s = None
            return 0.0
        if self._still_since_s is None:
            self._still_since_s = time_s
        return time_s - self._still_since_s

    def _gave_up(self) -> Outcome:
        if isinstance(self.goal, Reach):
            for solid in self._room.objects:
                if gap_to(self._pose, solid) <= GOAL_GAP_M:
                    return Outcome(False, f"stands at the {solid.name}", at=solid.name)
        return Outcome(False, f"stands still outside the goal region ({self.progress})")

    def _touched(self) -> str:
        gaps = {f"the {solid.name}": gap_to(self._pose, solid) for solid in self._room.objects}
        x, y = abs(self._pose.x), abs(self._pose.y)
        gaps["a wall"] = min(self._room.width / 2 - x, self._room.depth / 2 - y) - ROBOT.radius
        return min(gaps, key=lambda name: gaps[name])


def gap_to(pose: Pose, solid: Solid) -> float:
    """Gap between the robot's hull and a solid's footprint circle [m]."""
    return pose.distance_to(solid.x, solid.y) - solid.radius - ROBOT.radius


def _limit_s(goal: Goal) -> float:
    if isinstance(goal, Reach):
        return REACH_LIMIT_S
    if isinstance(goal, Follow):
        return FOLLOW_S + 1.0
    return STOP_LIMIT_S if isinstance(goal, Stop) else MOVE_LIMIT_S
