# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_sim.realtime import STANDSTILL, CommandWatch, PaceMeter, Pacer, Schedule, Target

gaps = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50)


@given(gaps)
def test_simulated_and_slipped_time_add_up_to_wall_time(elapsed):
    pacer, now_s, simulated_s = Pacer(now_s=5.0, max_step_s=0.1), 5.0, 0.0
    for gap_s in elapsed:
        now_s += gap_s
        step_s = pacer.advance(now_s)
        assert 0.0 <= step_s <= 0.1
        simulated_s += step_s
    assert simulated_s + pacer.slipped_s == pytest.approx(now_s - 5.0)


@given(st.lists(st.floats(0.0, 0.1), min_size=1))
def test_no_time_slips_as_long_as_ticks_come_in_time(elapsed):
    pacer, now_s = Pacer(now_s=0.0, max_step_s=0.1 + 1e-9), 0.0
    for gap_s in elapsed:
        now_s += gap_s
        pacer.advance(now_s)
    assert pacer.slipped_s == pytest.approx(0.0, abs=1e-6)


def test_a_clock_that_stands_or_goes_back_simulates_nothing():
    pacer = Pacer(now_s=5.0)
    assert pacer.advance(5.0) == 0.0
    assert pacer.advance(4.0) == 0.0
    assert pacer.advance(5.05) == pytest.approx(0.05)


@given(st.floats(1.0, 50.0), st.sampled_from([0.002, 0.01, 0.02]))
def test_a_schedule_keeps_its_rate_at_ticks_that_do_not_fit(rate_hz, tick_s):
    schedule = Schedule(rate_hz)
    count = sum(schedule.due(i * tick_s) for i in range(int(10.0 / tick_s)))
    assert count == pytest.approx(10.0 * rate_hz, abs=1.01)


def test_fifty_a_second_are_due_at_every_slice_of_simulated_time():
    schedule, simulated_s = Schedule(50.0), 0.0
    for _ in range(1000):
        assert schedule.due(simulated_s)
        assert not schedule.due(simulated_s)
        simulated_s += 0.02  # adds up rounding errors, as the physics does


def test_what_was_missed_is_left_out():
    schedule = Schedule(10.0)
    assert schedule.due(0.0)
    assert schedule.due(1.05)
    assert not schedule.due(1.06)
    assert schedule.due(1.1)


def test_a_command_holds_until_the_timeout_and_then_the_base_stands():
    watch, target = CommandWatch(timeout_s=0.5), Target(0.3, -0.2)
    assert watch.target(0.0) == STANDSTILL
    watch.take(target, 1.0)
    assert watch.target(1.5) == target
    assert watch.target(1.51) == STANDSTILL
    watch.take(target, 2.0)
    assert watch.target(2.0) == target


class Machine:
    """Draws images at a rate and simulates at a factor, in made-up time."""

    def __init__(self):
        self.meter = PaceMeter(image_rate_hz=30.0, start_s=0.0)
        self.now_s = self.simulated_s = 0.0

    def run(self, seconds, rate_hz=30.0, factor=1.0):
        for _ in range(round(seconds)):
            for i in range(round(rate_hz)):
                self.meter.image(0.005, self.now_s + (i + 1) / rate_hz)
            self.now_s += 1.0
            self.simulated_s += factor
            pace = self.meter.measure(self.simulated_s, self.now_s)
        return pace


def test_the_pace_is_unknown_at_first_and_then_told():
    machine = Machine()
    pace = machine.run(1)
    assert math.isnan(pace.image_rate_hz)
    assert not pace.late
    pace = machine.run(4)
    assert pace.image_rate_hz == pytest.approx(30.0, abs=0.5)
    assert pace.real_time_factor == pytest.approx(1.0)
    assert pace.render_p95_ms == pytest.approx(5.0)


@pytest.mark.parametrize("trouble", [{"rate_hz": 20.0}, {"factor": 0.8}])
def test_trouble_is_late_within_three_seconds_and_over_when_mended(trouble):
    machine = Machine()
    assert not machine.run(5).late
    assert machine.run(3, **trouble).late
    assert not machine.run(4).late


def test_between_the_two_bounds_lateness_stays_as_it_was():
    machine = Machine()
    assert not machine.run(10, rate_hz=28.0).late
    machine.run(4, rate_hz=20.0)
    assert machine.run(10, rate_hz=28.0).late


def test_a_camera_that_draws_nothing_is_late():
    machine = Machine()
    pace = machine.run(5, rate_hz=0.0)
    assert pace.late
    assert math.isnan(pace.render_p95_ms)


def test_memory_of_the_pace_is_bounded():
    machine = Machine()
    machine.run(100, rate_hz=100.0)
    assert len(machine.meter._frames) <= 180
    assert len(machine.meter._marks) <= 32
