# SPDX-License-Identifier: Apache-2.0
"""What holds through any sequence of commands, clock jumps, requests and parameter changes.

VLA_SAFETY_SEQUENCES sets how many sequences are run.
"""

import math
import os

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_safety.decision import State
from vla_safety.errors import ParameterError
from vla_safety.gate import Gate
from vla_safety.odometry import Odometry
from vla_safety.settings import Settings
from vla_safety.velocity import ZERO, Velocity

MS = 1_000_000
SECOND = 1_000_000_000
ROUNDING = 1e-9
SEQUENCES = int(os.environ.get("VLA_SAFETY_SEQUENCES", "300"))
MOVING = (State.PASSING, State.CLAMPING, State.SLOWING)

ANY = st.one_of(
    st.floats(-2.0, 2.0),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1e300, -1e300, math.nan, math.inf, -math.inf, 5e-324]),
)
ORDINARY = st.floats(-0.6, 0.6)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "linear.x.max_velocity": st.one_of(st.just(math.nan), st.floats(-0.5, 3.0)),
        "linear.x.min_velocity": st.floats(-3.0, 0.5),
        "linear.x.max_acceleration": st.floats(-1.0, 10.0),
        "linear.x.max_deceleration": st.floats(-1.0, 10.0),
        "linear.x.max_acceleration_reverse": st.floats(0.001, 10.0),
        "linear.x.max_deceleration_reverse": st.floats(0.001, 10.0),
        "angular.z.max_velocity": st.floats(-0.5, 3.0),
        "linear.x.max_jerk": st.floats(-1.0, 100.0),
        "preserve_curvature": st.booleans(),
        "cmd_vel_timeout": st.floats(-0.1, 1.0),
        "fresh_commands_to_resume": st.integers(-1, 5),
    },
)
STEPS = st.one_of(
    st.tuples(st.just("tick"), st.sampled_from([20, 20, 20, 20, 19, 21, 40, 0, 300, 5000, -50])),
    st.tuples(st.just("drive"), ORDINARY, ORDINARY, st.integers(1, 20)),
    st.tuples(st.just("send"), ORDINARY, ORDINARY, st.sampled_from([0, 50, 499, 501, -99, -101])),
    st.tuples(st.just("send any"), st.tuples(ANY, ANY, ANY, ANY, ANY, ANY)),
    st.tuples(st.just("clock"), st.integers(-2 * 3_600_000, 2 * 3_600_000)),
    st.tuples(st.just("arm"), st.booleans()),
    st.tuples(st.just("e-stop"), st.booleans()),
    st.just(("reset",)),
    st.tuples(st.just("scan"), st.floats(-1.0, 1.0)),
    st.tuples(st.just("stick"), ORDINARY, st.integers(1, 20)),
    st.tuples(st.just("odometry"), ANY, ANY),
    st.tuples(st.just("image"), st.integers(0, 1)),
    st.tuples(st.just("uncertainty"), ANY),
    st.tuples(st.just("change"), CHANGES),
)


class Run:
    """A gate through a sequence of steps, with every tick held against the promises."""

    def __init__(self):
        self.gate = Gate(Settings.from_values())
        self.steady, self.clock = 5 * SECOND, 1_790_000_000 * SECOND
        self.output = ZERO
        self.last = {}  # velocity and time of the last good command, by source
        self.arrived = {}
        self.ticked = None

    def perform(self, step):
        kind, *rest = step
        {
            "tick": self.tick,
            "drive": self.drive,
            "send": self.send,
            "send any": lambda fields: self.receive(Velocity(*fields), 0),
            "clock": self.jump,
            "arm": self.gate.arm,
            "e-stop": lambda active: self.gate.press_e_stop(active, self.steady),
            "reset": lambda: self.gate.reset_estop(self.steady),
            "scan": self.scan,
            "stick": self.stick,
            "odometry": self.odometry,
            "image": lambda d: self.gate.senses.take_picture(self.clock, d, self.steady),
            "uncertainty": lambda u: self.gate.senses.take_uncertainty(u, self.steady),
            "change": self.change,
        }[kind](*rest)

    def tick(self, elapsed_ms):
        self.steady += elapsed_ms * MS
        self.clock += elapsed_ms * MS
        decision = self.gate.tick(self.steady, self.clock)
        elapsed = 0 if self.ticked is None else self.steady - self.ticked
        self.ticked = self.steady
        self.judge(decision, min(max(elapsed, 0), 40 * MS) / SECOND)
        self.output = decision.command

    def drive(self, x, z, ticks):
        for _ in range(ticks):
            self.send(x, z, 0)
            self.tick(20)

    def send(self, x, z, age_ms):
        self.receive(Velocity(linear_x=x, angular_z=z), age_ms)

    def receive(self, velocity, age_ms):
        self.last["policy"] = velocity
        if velocity.finite and -100 <= age_ms <= 500:
            self.arrived["policy"] = self.steady
        self.gate.receive(velocity, self.clock - age_ms * MS, self.steady, self.clock)

    def scan(self, x):
        self.gate.receive_scan(np.array([[x, 0.0]]), self.clock, self.steady, self.clock)

    def stick(self, x, ticks):
        for _ in range(ticks):
            velocity = self.last["teleop"] = Velocity(linear_x=x)
            self.arrived["teleop"] = self.steady
            self.gate.receive(velocity, self.clock, self.steady, self.clock, "teleop")
            self.tick(20)

    def odometry(self, x, speed):
        velocity = Velocity(linear_x=speed)
        self.gate.receive_odometry(Odometry(x, 0.0, 0.0, velocity, self.steady))

    def jump(self, by_ms):
        self.clock += by_ms * MS

    def change(self, values):
        before = self.gate.settings
        try:
            self.gate.configure(before.changed(values))
        except ParameterError as error:
            assert any(name in str(error) for name in values)
            assert self.gate.settings is before
        else:
            assert not (self.gate.arming.armed and self.gate.settings.loosened(before))

    def judge(self, decision, dt_s):
        command = decision.command
        assert command.finite
        assert command[1:5] == (0.0, 0.0, 0.0, 0.0)
        hard = decision.state is State.LATCHED or decision.reason == "not finite"
        for axis, before, after in (
            ("linear.x", self.output.linear_x, command.linear_x),
            ("angular.z", self.output.angular_z, command.angular_z),
        ):
            limits = self.gate.settings.limits.axes[axis]
            # Beyond a limit only where it was tightened on the way, and on the way back.
            assert after <= max(limits.highest, before)
            assert after >= min(limits.lowest, before)
            if hard:
                assert after == 0.0
            else:
                assert time_needed(limits, before, after) <= dt_s + ROUNDING
            if decision.state not in MOVING:
                assert abs(after) <= abs(before)
        self.judge_state(decision)

    def judge_state(self, decision):
        if decision.state in MOVING:
            assert self.gate.arming.armed
            assert not self.gate.estop.latched
            assert self.last[decision.source].finite
            timeout_ns = self.gate.settings.values["cmd_vel_timeout"] * SECOND
            assert self.steady - self.arrived[decision.source] <= timeout_ns + 1
        assert self.gate.estop.latched == (decision.state is State.LATCHED)
        assert bool(decision.interventions) == (
            decision.state in (State.STOPPED, State.LATCHED, State.CLAMPING, State.SLOWING)
        )


def time_needed(limits, before, after):
    """Shortest time [s] in which the acceleration limits lead from `before` to `after`."""
    if before * after < 0.0:
        return time_needed(limits, before, 0.0) + time_needed(limits, 0.0, after)
    forward = before > 0.0 or after > 0.0
    if abs(after) > abs(before):
        rate = limits.speeding_up if forward else limits.speeding_up_reverse
    else:
        rate = limits.slowing_down if forward else limits.slowing_down_reverse
    return abs(after - before) / rate


@settings(max_examples=SEQUENCES)
@given(st.booleans(), st.lists(STEPS, max_size=60))
def test_promises_hold_through_any_sequence(armed, steps):
    run = Run()
    run.gate.arm(armed)
    for step in steps:
        run.perform(step)
    run.tick(20)


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.floats(-0.05, 0.05), st.floats(-0.1199, 0.1199), st.integers(-99, 499)),
        max_size=80,
    )
)
def test_fresh_commands_within_all_limits_pass_unchanged(changes):
    run = Run()
    run.gate.arm(True)
    run.tick(20)
    x = z = 0.0
    for change_x, change_z, age_ms in changes:
        # Within the velocity limits, and within the slower of two rates when crossing zero.
        x = min(max(x + 0.999 * change_x, -0.6), 0.6)
        z = min(max(z + change_z, -1.5), 1.5)
        run.send(x, z, age_ms)
        run.steady += 20 * MS
        run.clock += 20 * MS if age_ms + 20 <= 500 else 0
        decision = run.gate.tick(run.steady, run.clock)
        assert abs(decision.command.linear_x - x) <= 1e-9
        assert abs(decision.command.angular_z - z) <= 1e-9
        assert decision.state is State.PASSING


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=40))
def test_disarmed_means_zero_whatever_happened_before(steps):
    run = Run()
    run.gate.arm(True)
    for step in steps:
        run.perform(step)
    run.gate.arm(False)
    slowest = min(
        limits.slowing_down_reverse if velocity < 0 else limits.slowing_down
        for limits, velocity in (
            (run.gate.settings.limits.axes["linear.x"], run.output.linear_x),
            (run.gate.settings.limits.axes["angular.z"], run.output.angular_z),
        )
    )
    seconds = max(map(abs, run.output)) / slowest
    for _ in range(min(math.ceil(seconds / 0.02) + 2, 50)):
        run.drive(0.5, 0.5, 1)
    if seconds < 0.9:
        assert run.output == ZERO


@settings(max_examples=100)
@given(ORDINARY, st.floats(0.5, 10.0))
def test_robot_stands_in_time_after_silence_at_any_speed_and_deceleration(speed, deceleration):
    run = Run()
    run.gate.configure(run.gate.settings.changed({"linear.x.max_deceleration": deceleration}))
    run.gate.arm(True)
    run.tick(20)
    run.drive(speed, 0.0, 40)
    last_ns = run.steady - 20 * MS
    while run.steady - last_ns < (0.2 + abs(speed) / deceleration + 0.04) * SECOND:
        run.tick(20)
    assert run.output == ZERO
