# SPDX-License-Identifier: Apache-2.0
"""An ideal base among walls and discs: whatever is commanded, nothing is touched."""

import math

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from vla_safety.decision import State
from vla_safety.gate import PERIOD_NS, Gate
from vla_safety.settings import Settings
from vla_safety.velocity import Velocity

CLOCK_NS = 1_790_000_000_000_000_000
RADIUS = 0.18
ANGLES = np.arange(360) * math.tau / 360 - math.pi
TICKS_A_SCAN = 5


class Rig:
    """A gate that is armed and ticks on time."""

    def __init__(self):
        self.gate = Gate(Settings.from_values())
        self.gate.arm(True)
        self.now = 0
        self.decision = self.gate.tick(self.now, CLOCK_NS)

    def drive(self, x, z):
        self.gate.receive(Velocity(x, angular_z=z), self.clock, self.now, self.clock)
        self.now += PERIOD_NS
        self.decision = self.gate.tick(self.now, self.clock)
        return self.decision.command

    @property
    def clock(self):
        return CLOCK_NS + self.now


class World:
    """A robot in a square room with discs (x, y, radius); its scan is `late` ticks old."""

    def __init__(self, discs, half=2.0, late=2):
        self.rig = Rig()
        self.discs, self.half, self.late = discs, half, late
        self.x = self.y = self.yaw = 0.0
        self.pending = []
        self.scan()

    def ranges(self):
        cosine, sine = np.cos(ANGLES + self.yaw), np.sin(ANGLES + self.yaw)
        cosine, sine = (np.where(np.abs(c) < 1e-9, 1e-9, c) for c in (cosine, sine))
        nearest = np.fmin(
            (self.half - np.sign(cosine) * self.x) / np.abs(cosine),
            (self.half - np.sign(sine) * self.y) / np.abs(sine),
        )
        for x, y, radius in self.discs:
            dx, dy = x - self.x, y - self.y
            along = dx * cosine + dy * sine
            inside = radius**2 - (dx**2 + dy**2 - along**2)
            hit = along - np.sqrt(np.maximum(inside, 0.0))
            nearest = np.where((inside > 0) & (hit > 0), np.fmin(nearest, hit), nearest)
        return nearest

    def scan(self):
        ranges = self.ranges()
        points = np.stack((ranges * np.cos(ANGLES), ranges * np.sin(ANGLES)), axis=1)
        self.pending.append((self.rig.now, points))
        self.deliver()

    def deliver(self):
        now, clock = self.rig.now, self.rig.clock
        while self.pending and now - self.pending[0][0] >= self.late * PERIOD_NS:
            taken, points = self.pending.pop(0)
            self.rig.gate.receive_scan(points, CLOCK_NS + taken, now, clock)

    def gap(self):
        walls = self.half - max(abs(self.x), abs(self.y))
        discs = [math.hypot(x - self.x, y - self.y) - r for x, y, r in self.discs]
        return min([walls, *discs]) - RADIUS

    def drive(self, x, z, ticks=1):
        """Returns the smallest gap on the way."""
        gap = self.gap()
        for _ in range(ticks):
            command = self.rig.drive(x, z)
            self.yaw += command.angular_z * 0.01
            self.x += command.linear_x * 0.02 * math.cos(self.yaw)
            self.y += command.linear_x * 0.02 * math.sin(self.yaw)
            self.yaw += command.angular_z * 0.01
            if self.rig.now % (TICKS_A_SCAN * PERIOD_NS) == 0:
                self.scan()
            self.deliver()
            gap = min(gap, self.gap())
        return gap


DISC = st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.floats(0.03, 0.4))
MOVES = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([0.6, -0.6]), st.floats(-0.6, 0.6)),
        st.one_of(st.sampled_from([0.0, 1.5, -1.5]), st.floats(-1.5, 1.5)),
        st.integers(1, 60),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(st.lists(DISC, max_size=4), MOVES, st.integers(0, 3))
def test_nothing_is_touched_whatever_is_commanded(discs, moves, late):
    world = World(discs, late=late)
    world.drive(0.0, 0.0, 5)
    assume(world.gap() > 0.03)
    for x, z, ticks in moves:
        assert world.drive(x, z, ticks) > 0.0


@settings(max_examples=20)
@given(st.floats(-math.pi, math.pi), st.floats(0.2, 0.6), st.sampled_from([1.0, -1.0]))
@example(heading=0.0, speed=0.6, way=1.0)
def test_drive_at_a_wall_ends_smoothly_before_it(heading, speed, way):
    world = World([], half=1.0)
    world.yaw = heading
    world.scan()
    world.drive(0.0, 0.0, 5)
    speeds = [0.0]
    for _ in range(400):
        world.drive(way * speed, 0.0)
        speeds.append(abs(world.rig.decision.command.linear_x))
    assert speeds[-1] == 0.0
    assert 0.03 <= world.gap() <= 0.12
    top = speeds.index(max(speeds))
    falls = -np.diff(speeds[top:])
    assert falls.min() >= -0.02  # never faster again but for the grain of the rays
    assert falls.max() <= 0.051


@settings(max_examples=20)
@given(st.floats(0.0, math.tau), st.floats(0.181, 0.3), st.floats(0.05, 0.3))
def test_robot_can_always_leave_by_turning(bearing, distance, radius):
    centre = distance + radius
    disc = (centre * math.cos(bearing), centre * math.sin(bearing), radius)
    world = World([disc])
    world.drive(0.0, 0.0, 5)
    assert world.rig.decision.state is State.PASSING
    while math.cos(bearing - world.yaw) > -0.9:
        world.drive(0.0, 1.5)
        assert world.rig.decision.state is State.PASSING
    world.drive(0.0, 0.0, 15)
    assert world.drive(0.3, 0.0, 30) > 0.0
    assert world.rig.decision.command.linear_x == 0.3


@settings(max_examples=20)
@given(MOVES)
def test_nothing_near_changes_nothing(moves):
    seeing, blind = World([], half=50.0), Rig()
    for _ in range(5):
        blind.drive(0.0, 0.0)
    seeing.drive(0.0, 0.0, 5)
    for x, z, ticks in moves:
        seeing.drive(x, z, ticks)
        for _ in range(ticks):
            command = blind.drive(x, z)
        assert seeing.rig.decision.command == command
        assert seeing.rig.decision.state is State.PASSING
