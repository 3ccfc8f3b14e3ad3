# SPDX-License-Identifier: Apache-2.0
"""A policy that sees nothing drives at the wall, in a hundred rooms."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from vla_bringup.faults.measurement import Measurement, at_least, at_most, holds
from vla_bringup.faults.probe import wait_until
from vla_bringup.faults.stage import Stage
from vla_bringup.faults.wall import faces_wall, towards_wall
from vla_safety.gate import PERIOD_NS, Gate
from vla_safety.odometry import Odometry
from vla_safety.settings import Settings
from vla_safety.velocity import Velocity
from vla_sim.robot import LIDAR
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation

ROOMS = 100
SPEED, TURN = 0.6, 1.5
DRIVE_S, TURN_S, LEAVE_S = 12.0, math.pi / TURN, 1.5
TICKS_A_SCAN = 5
LEFT_M = 0.1
CLOCK_NS = 1_790_000_000 * 10**9


def run(folder: Path) -> list[Measurement]:
    """A hundred rooms in step with the simulator's physics, and one with all processes."""
    outcomes = [in_step(seed) for seed in range(ROOMS)]
    clean = sum(touched == 0 for touched, _ in outcomes)
    left = sum(way >= LEFT_M for _, way in outcomes)
    return [
        at_least("obstacle: rooms without a touch, in step", ROOMS, clean),
        at_least("obstacle: rooms in which it leaves again, in step", ROOMS, left),
        *_real(folder),
    ]


def in_step(seed: int) -> tuple[int, float]:
    """Drive at the wall of room `seed`, then turn round and leave.

    The gate of the parameters' defaults, the simulator's base and scanner, every 20 ms.

    Returns:
        collisions, and how far it came after it was told to turn [m].
    """
    robot = _Robot(seed)
    robot.drive(SPEED, 0.0, DRIVE_S)
    robot.drive(0.0, TURN, TURN_S)
    stuck = robot.simulation.pose
    robot.drive(SPEED, 0.0, LEAVE_S)
    left = robot.simulation.pose
    return robot.simulation.collisions, math.hypot(left.x - stuck.x, left.y - stuck.y)


class _Robot:
    """The gate and the simulator, hand in hand."""

    def __init__(self, seed: int) -> None:
        room = generate_room(seed, "test")
        self.simulation = Simulation(room, render=False)
        self.simulation.teleport(towards_wall(room))
        self._gate = Gate(Settings.from_values())
        self._gate.arm(True)
        self._ticks = 0
        rays = np.arange(LIDAR.rays, dtype=np.float64)
        self._angles = LIDAR.angle_min + LIDAR.angle_increment * rays

    def drive(self, linear: float, angular: float, seconds: float) -> None:
        for _ in range(round(seconds * 1e9 / PERIOD_NS)):
            self._tick(Velocity(linear_x=linear, angular_z=angular))

    def _tick(self, wanted: Velocity) -> None:
        now_ns = self._ticks * PERIOD_NS
        clock_ns = CLOCK_NS + now_ns
        if self._ticks % TICKS_A_SCAN == 0:
            self._scan(now_ns, clock_ns)
        wheels = self.simulation.odometry
        speed = Velocity(linear_x=wheels.linear, angular_z=wheels.angular)
        self._gate.receive_odometry(Odometry(wheels.x, wheels.y, wheels.yaw, speed, now_ns))
        self._gate.receive(wanted, clock_ns, now_ns, clock_ns)
        command = self._gate.tick(now_ns, clock_ns).command
        self.simulation.command(command.linear_x, command.angular_z)
        self.simulation.step(PERIOD_NS * 1e-9)
        self._ticks += 1

    def _scan(self, now_ns: int, clock_ns: int) -> None:
        ranges = self.simulation.scan()
        seen = np.isfinite(ranges)
        points = np.stack((np.cos(self._angles), np.sin(self._angles)), axis=1) * ranges[:, None]
        self._gate.receive_scan(points[seen], clock_ns, now_ns, clock_ns, self._angles)


def _real(folder: Path) -> list[Measurement]:
    """The same once with real processes and topics."""
    seed = next(seed for seed in range(1000) if faces_wall(generate_room(seed)))
    with Stage(folder, seed=seed) as stage:
        probe = stage.probe
        probe.arm()
        with stage.source(SPEED):
            wait_until(lambda: probe.truths[-1].linear > 0.3, 20.0, "a movement")
            time.sleep(DRIVE_S)
            stands = abs(probe.truths[-1].linear) < 0.02
        touched = probe.collisions
        with stage.source(0.0, TURN):
            wait_until(lambda: probe.outputs[-1].angular == TURN, 20.0, "the turn")
            time.sleep(TURN_S)
        stuck = probe.truths[-1].pose
        with stage.source(SPEED):
            time.sleep(LEAVE_S)
        left = probe.truths[-1].pose
        way = math.hypot(left.x - stuck.x, left.y - stuck.y)
        return [
            holds("obstacle: stands before the wall", stands),
            at_most("obstacle: touches", 0.0, max(touched, probe.collisions)),
            at_least("obstacle: leaves when it is told to turn", LEFT_M, way, "m"),
        ]
