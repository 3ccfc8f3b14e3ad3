# SPDX-License-Identifier: Apache-2.0
import math
import tracemalloc
from pathlib import Path

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


RECORDED = np.loadtxt(Path(__file__).parent / "data" / "recorded_times.csv", delimiter=",")
"""Of a simulated robot on a busy machine: inference time, age of the image at its chunk [ms]."""


@pytest.mark.parametrize("column", [0, 1], ids=["inference", "age"])
def test_a_million_samples_keep_the_memory_flat_and_the_quantiles_right(column):
    trace, count, rate_hz, span_s = RECORDED[:, column], 1_000_000, 50.0, 30.0
    window, in_use, checked = SlidingWindow(), [], 0
    tracemalloc.start()
    for i in range(count):
        window.add(trace[i % len(trace)], i / rate_hz)
        if i % 50_000 == 49_999:
            in_use.append(tracemalloc.get_traced_memory()[0])
        if i % 99_991 == 99_990:
            newest = trace[np.arange(i - int(span_s * rate_hz) + 1, i + 1) % len(trace)]
            got = window.quantiles(i / rate_hz, span_s)
            exact = np.quantile(newest, (0.5, 0.95, 0.99))
            assert (got.p50, got.p95, got.p99) == pytest.approx(exact, rel=0.01)
            checked += 1
    tracemalloc.stop()
    assert checked == 10
    assert max(in_use) - in_use[0] < 100_000  # bytes; the samples would be 16 MB
