# SPDX-License-Identifier: Apache-2.0
"""Every message within the limits: a grid of limits and inputs, and a hundred thousand ticks.

VLA_SAFETY_TICKS sets how many random ticks are run.
"""

import math
import os
import random
from itertools import product

import pytest

from vla_safety.axis_limits import AxisLimits
from vla_safety.limits import Limits
from vla_safety.ramp import Ramp
from vla_safety.velocity import ZERO, Velocity

TICKS = int(os.environ.get("VLA_SAFETY_TICKS", "100000"))
VELOCITIES = (0.1, 1.0, 5.0)
RATES = (0.2, 1.0, 20.0)
JERKS = (None, 0.5, 10.0)
WANTED = (-10.0, -1.0, -0.05, 0.0, 0.05, 1.0, 10.0, 1e300, math.nan)
STEPS = (0.0, 0.02, 0.04)


def within(axis, before, after, dt):
    """Whether `after` may follow `before`."""
    low, high = axis.reach(before, dt)
    return math.isfinite(after) and low <= after <= high


@pytest.mark.parametrize("jerk", JERKS)
@pytest.mark.parametrize("preserve_curvature", [False, True])
def test_grid_of_limits_and_inputs(jerk, preserve_curvature):
    for velocity, up, down in product(VELOCITIES, RATES, RATES):
        x = AxisLimits("linear.x", velocity, None, up, down, max_jerk=jerk)
        z = AxisLimits("angular.z", 2 * velocity, -velocity, down, up, max_jerk=jerk)
        limits, ramp = Limits((x, z), preserve_curvature), Ramp()
        for wanted, dt in product(WANTED, STEPS):
            for move in (ramp.follow, ramp.follow, ramp.restrain):
                before = ramp.output
                asked = Velocity(wanted, angular_z=-wanted)
                bounded = limits.bound(asked)[0] if asked.finite else asked
                after = move(bounded, dt, limits)
                if asked.finite:
                    assert within(x, before.linear_x, after.linear_x, dt)
                    assert within(z, before.angular_z, after.angular_z, dt)
                else:
                    assert after == ZERO
                assert abs(after.linear_x) <= velocity + 1e-12
                assert after[1:5] == (0.0, 0.0, 0.0, 0.0)


def test_random_ticks_through_random_limits():
    chance = random.Random(1)
    ramp, limits = Ramp(), None
    for tick in range(TICKS):
        if tick % 100 == 0:
            limits = some_limits(chance)
        axis = limits.axes["linear.x"]
        dt = chance.choice((0.0, 0.02, 0.02, 0.02, 0.04))
        move = ramp.follow if chance.random() < 0.8 else ramp.restrain
        before = ramp.output.linear_x
        asked = Velocity(chance.choice((-9.0, 0.0, 9.0, chance.uniform(-1.0, 1.0))))
        after = move(limits.bound(asked)[0], dt, limits)
        assert within(axis, before, after.linear_x, dt)
        assert after[1:] == (0.0,) * 5
        if chance.random() < 0.001:
            assert ramp.halt() == ZERO


def some_limits(chance):
    def some(*values):
        return chance.choice(values)

    axis = AxisLimits(
        "linear.x",
        max_velocity=chance.uniform(0.01, 2.0),
        min_velocity=some(None, 0.0, -0.3),
        max_acceleration=some(None, chance.uniform(0.01, 20.0)),
        max_deceleration=some(None, chance.uniform(0.01, 20.0)),
        max_acceleration_reverse=some(None, chance.uniform(0.01, 20.0)),
        max_deceleration_reverse=some(None, chance.uniform(0.01, 20.0)),
        max_jerk=some(None, chance.uniform(0.01, 200.0)),
        min_jerk=some(None, -chance.uniform(0.01, 200.0)),
    )
    return Limits((axis,), preserve_curvature=some(False, True))
