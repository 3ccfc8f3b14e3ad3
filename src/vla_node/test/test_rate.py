# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_node.rate import RateLimiter, RateMeter

MS = 1_000_000


def admitted(limiter, times_ns):
    return [time_ns for time_ns in times_ns if limiter.admit(time_ns)]


def test_zero_admits_everything():
    assert len(admitted(RateLimiter(0.0), range(100))) == 100


def test_every_second_image_of_a_jittering_camera_passes_at_half_its_rate():
    jitter = (0, 4, -3, 2, -4, 3, -2, 1)
    times = [(number * 33 + jitter[number % 8]) * MS for number in range(90)]
    assert len(admitted(RateLimiter(15.0), times)) == pytest.approx(45, abs=1)


def test_reset_admits_the_next_event():
    limiter = RateLimiter(1.0)
    assert limiter.admit(0)
    assert not limiter.admit(1)
    limiter.reset()
    assert limiter.admit(2)


@given(
    st.lists(st.integers(0, 200 * MS), min_size=1, max_size=200),
    st.sampled_from([1.0, 7.5, 15.0, 60.0]),
)
def test_long_run_rate_stays_below_the_limit(gaps, rate_hz):
    now, times = 0, []
    for gap in gaps:
        now += gap
        times.append(now)
    passed = admitted(RateLimiter(rate_hz), times)
    period = round(1e9 / rate_hz)
    for count, time_ns in enumerate(passed):
        assert time_ns - passed[0] >= count * period - period // 4


def test_meter_measures_the_recent_rate_and_forgets():
    meter = RateMeter(window_s=1.0)
    for number in range(21):
        meter.count(number * 100 * MS)
    assert meter.rate_hz(2000 * MS) == pytest.approx(10.0)
    assert meter.rate_hz(9000 * MS) == 0.0
