# SPDX-License-Identifier: Apache-2.0
"""A ball that rolls about the room, from one free spot to the next."""

from __future__ import annotations

import math

import numpy as np

from vla_sim.geometry import Pose
from vla_sim.robot import ROBOT
from vla_sim.room import Room, Solid

SPEED_M_S = (0.15, 0.28)
SHORTEST_LEG_M = 1.0
CLEARANCE_M = 2 * ROBOT.radius + 0.25
"""Free width beside its way, so that the robot can follow."""
KEEP_OFF_M = 0.45
"""Gap to the robot below which the ball waits."""
TRIES = 200


class Walk:
    """The way of one ball; it never rolls into anything, nor into the robot."""

    def __init__(self, rng: np.random.Generator, room: Room, ball: Solid) -> None:
        self.ball = ball
        self._rng = rng
        self._room = room
        self._speed = float(rng.uniform(*SPEED_M_S))
        self._goal = (ball.x, ball.y)

    def step(self, duration_s: float, robot: Pose) -> tuple[float, float]:
        """Where the ball is after `duration_s`, while the robot stands there [m]."""
        x, y = self.ball.x, self.ball.y
        left = math.hypot(self._goal[0] - x, self._goal[1] - y)
        if left < 0.02:
            self._goal = self._next_goal()
            left = math.hypot(self._goal[0] - x, self._goal[1] - y)
        if left < 0.02 or self._robot_ahead(robot):
            self._goal = self._next_goal(away_from=robot)
            return x, y
        share = min(1.0, self._speed * duration_s / left)
        return x + share * (self._goal[0] - x), y + share * (self._goal[1] - y)

    def rolled(self, ball: Solid, room: Room) -> None:
        """Take note of where the ball is now."""
        self.ball, self._room = ball, room

    def _robot_ahead(self, robot: Pose) -> bool:
        x, y = self.ball.x, self.ball.y
        dx, dy = robot.x - x, robot.y - y
        gap = math.hypot(dx, dy) - self.ball.radius - ROBOT.radius
        towards = (self._goal[0] - x) * dx + (self._goal[1] - y) * dy
        return gap < KEEP_OFF_M and towards > 0.0

    def _next_goal(self, away_from: Pose | None = None) -> tuple[float, float]:
        ball, room = self.ball, self._room
        for _ in range(TRIES):
            x = float(self._rng.uniform(-room.width / 2, room.width / 2))
            y = float(self._rng.uniform(-room.depth / 2, room.depth / 2))
            if math.hypot(x - ball.x, y - ball.y) < SHORTEST_LEG_M:
                continue
            if away_from is not None:
                ahead = (x - ball.x) * (away_from.x - ball.x)
                if ahead + (y - ball.y) * (away_from.y - ball.y) > 0.0:
                    continue
            if self._way_is_free(x, y):
                return x, y
        return ball.x, ball.y

    def _way_is_free(self, x: float, y: float) -> bool:
        ball = self.ball
        length = math.hypot(x - ball.x, y - ball.y)
        steps = max(2, math.ceil(length / 0.15))
        return all(
            _clearance(
                self._room,
                ball,
                ball.x + i / steps * (x - ball.x),
                ball.y + i / steps * (y - ball.y),
            )
            > ball.radius + CLEARANCE_M * min(1.0, 0.4 + i / steps)
            for i in range(1, steps + 1)
        )


def _clearance(room: Room, ball: Solid, x: float, y: float) -> float:
    """Distance from a point to the nearest wall or other solid [m]."""
    walls = min(room.width / 2 - abs(x), room.depth / 2 - abs(y))
    others = (math.hypot(x - s.x, y - s.y) - s.radius for s in room.objects if s is not ball)
    return min(walls, *others)
