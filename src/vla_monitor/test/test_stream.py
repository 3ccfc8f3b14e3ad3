# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.stream import RunningTotal, Stream


def flow(stream, rate_hz, from_s, to_s):
    for i in range(int((to_s - from_s) * rate_hz) + 1):
        stream.tick(from_s + i / rate_hz)


@given(st.floats(1.0, 100.0))
def test_rate_is_right_to_one_event_in_the_span(rate_hz):
    stream = Stream(span_s=2.0, start_s=0.0)
    flow(stream, rate_hz, 0.0, 5.0)
    assert stream.rate_hz(5.0) == pytest.approx(rate_hz, abs=1.0)


def test_rate_is_unknown_until_the_span_has_passed_once():
    stream = Stream(span_s=2.0, start_s=0.0)
    assert stream.rate_hz(10.0) is None
    stream.tick(10.0)
    assert stream.rate_hz(11.9) is None
    assert stream.rate_hz(12.0) == 0.0


def test_a_stream_that_stops_falls_to_zero_and_its_silence_grows():
    stream = Stream(span_s=2.0, start_s=0.0)
    flow(stream, 30.0, 0.0, 5.0)
    assert stream.rate_hz(6.0) == pytest.approx(15.0, abs=1.0)
    assert stream.rate_hz(7.1) == 0.0
    assert stream.silence_s(7.0) == pytest.approx(2.0)


@given(st.floats(5.0, 100.0))
def test_pace_is_that_of_the_events_and_silence_is_no_slowness(rate_hz):
    stream = Stream(span_s=2.0, start_s=0.0)
    flow(stream, rate_hz, 0.0, 5.0)
    assert stream.pace_hz(5.0) == pytest.approx(rate_hz, rel=0.01)
    assert stream.pace_hz(6.5) == pytest.approx(rate_hz, rel=0.01)
    flow(stream, rate_hz, 15.0, 16.0)
    assert stream.pace_hz(16.0) == pytest.approx(rate_hz, rel=0.01)


def test_pace_of_a_stream_at_half_its_rate_falls_to_that():
    stream = Stream(span_s=2.0, start_s=0.0)
    flow(stream, 30.0, 0.0, 5.0)
    flow(stream, 15.0, 5.1, 8.0)
    assert stream.pace_hz(8.0) == pytest.approx(15.0, rel=0.05)


def test_silence_of_something_never_seen_counts_from_the_start():
    stream = Stream(span_s=2.0, start_s=3.0)
    assert not stream.seen
    assert stream.silence_s(10.0) == 7.0


@given(st.lists(st.integers(0, 100)))
def test_running_total_adds_up_to_what_was_added(increments):
    running, total, seen = RunningTotal(), 0, 0
    for increment in increments:
        total += increment
        seen += running.update(total)
    assert seen == total


def test_running_total_of_a_restarted_process_counts_from_zero():
    running = RunningTotal()
    running.update(100)
    assert running.update(3) == 3
