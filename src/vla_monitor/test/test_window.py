# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.window import EMPTY, SlidingWindow

numbers = st.floats(-1e6, 1e6)
steps = st.floats(0.0, 3.0)


@given(st.lists(st.tuples(numbers, steps), min_size=1, max_size=60), st.floats(0.1, 20.0))
def test_quantiles_equal_those_of_numpy_over_the_samples_of_the_span(events, span_s):
    window, samples, now_s = SlidingWindow(capacity=64), [], 0.0
    for value, step_s in events:
        now_s += step_s
        window.add(value, now_s)
        samples.append((now_s, value))
    young = [value for at_s, value in samples if at_s > now_s - span_s]
    got = window.quantiles(now_s, span_s)
    assert got.count == len(young)
    assert (got.p50, got.p95, got.p99) == pytest.approx(np.quantile(young, (0.5, 0.95, 0.99)))
    assert got.max == max(young)
    assert window.p95(now_s, span_s) == pytest.approx(got.p95)


@given(st.lists(numbers, min_size=1, max_size=40), st.integers(1, 10))
def test_a_full_window_keeps_the_newest_samples(values, capacity):
    window = SlidingWindow(capacity)
    for i, value in enumerate(values):
        window.add(value, 0.001 * i)
    kept = window.values(0.001 * len(values), 1e9)
    assert sorted(kept) == pytest.approx(sorted(values[-capacity:]))


def test_a_window_without_young_samples_is_empty():
    window = SlidingWindow()
    window.add(5.0, now_s=0.0)
    assert window.quantiles(100.0, 10.0) == EMPTY
    assert window.p95(100.0, 10.0) is None
    assert window.total(100.0, 10.0) == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_sample_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        SlidingWindow().add(value, 0.0)


def test_memory_stays_the_same_over_a_long_trace_and_quantiles_stay_exact():
    window = SlidingWindow(capacity=512)
    trace = np.random.default_rng(1).lognormal(3.0, 0.5, 50_000)
    buffers = window._values, window._times
    for i, value in enumerate(trace):
        window.add(float(value), i / 50.0)
    now_s = len(trace) / 50.0
    assert window._values is buffers[0]
    assert window._times is buffers[1]
    assert window.quantiles(now_s, 10.0).p95 == pytest.approx(np.quantile(trace[-499:], 0.95))
