# SPDX-License-Identifier: Apache-2.0
"""A gate with clocks of its own, so that tests say when things happen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from vla_safety.gate import PERIOD_NS, Gate
from vla_safety.odometry import Odometry
from vla_safety.settings import Settings
from vla_safety.velocity import Velocity

# A busy machine is no reason for a property to fail.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

MS = 1_000_000
SECOND = 1_000_000_000
START_CLOCK_NS = 1_790_000_000 * SECOND


class Rig:
    """Drives a gate tick by tick; a test may part `steady` from `clock` [ns]."""

    def __init__(self, armed=True, **values):
        self.gate = Gate(
            Settings.from_values({name.replace("__", "."): v for name, v in values.items()})
        )
        self.steady = 5 * SECOND
        self.clock = START_CLOCK_NS
        self.decision = None
        if armed:
            assert self.gate.arm(True).granted
        self.tick()

    def wait(self, duration_ns):
        self.steady += duration_ns
        self.clock += duration_ns

    def send(self, x=0.0, z=0.0, age_ns=0, source="policy", **fields):
        velocity = Velocity(linear_x=x, angular_z=z, **fields)
        self.gate.receive(velocity, self.clock - age_ns, self.steady, self.clock, source)

    def tick(self, period_ns=PERIOD_NS):
        self.wait(period_ns)
        self.decision = self.gate.tick(self.steady, self.clock)
        return self.decision

    def drive(self, x=0.0, z=0.0, ticks=50, **fields):
        """Send and tick in turn; the decision of the last tick."""
        for _ in range(ticks):
            self.send(x, z, **fields)
            self.tick()
        return self.decision

    def scan(self, points, age_ns=0, bearings=None):
        """Let a scan of `points` [(x, y) in m] arrive, of a scanner that looks all round."""
        points = np.array(points, dtype=float).reshape(-1, 2)
        if bearings is None:
            bearings = np.linspace(-np.pi, np.pi, 361)
        self.gate.receive_scan(
            points, self.clock - age_ns, self.steady, self.clock, np.array(bearings)
        )

    def odometry(self, x=0.0, y=0.0, yaw=0.0, linear=0.0, angular=0.0):
        """Let the base say where it is and how fast."""
        velocity = Velocity(linear_x=linear, angular_z=angular)
        self.gate.receive_odometry(Odometry(x, y, yaw, velocity, self.steady))

    def image(self, digest, stamp_ns=None):
        """Let an image arrive whose pixels are known by `digest`."""
        stamp_ns = self.clock if stamp_ns is None else stamp_ns
        self.gate.senses.take_picture(stamp_ns, digest, self.steady)

    def silence(self, ticks):
        """The decisions of `ticks` ticks without a command."""
        return [self.tick() for _ in range(ticks)]

    def reset(self):
        return self.gate.reset_estop(self.steady)


@pytest.fixture
def make_rig():
    return Rig


@pytest.fixture
def rig():
    return Rig()
