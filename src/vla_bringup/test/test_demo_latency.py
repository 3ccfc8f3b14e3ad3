# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_bringup.demo.latency import LatencyMeter, percentile

MS = 1_000_000


def test_latency_ends_with_the_next_command_of_the_gate():
    meter = LatencyMeter()
    meter.policy_command(stamp=100 * MS, received=150 * MS)
    meter.command(received=170 * MS)
    assert meter.take() == [70.0]


def test_command_from_before_the_policy_does_not_count():
    meter = LatencyMeter()
    meter.policy_command(stamp=100 * MS, received=150 * MS)
    meter.command(received=149 * MS)
    assert meter.take() == []


def test_each_image_counts_once():
    meter = LatencyMeter()
    for received in (150, 160):
        meter.policy_command(stamp=100 * MS, received=received * MS)
        meter.command(received=(received + 1) * MS)
    assert meter.take() == [51.0]


def test_two_images_may_wait_for_the_same_command():
    meter = LatencyMeter()
    meter.policy_command(stamp=100 * MS, received=150 * MS)
    meter.policy_command(stamp=133 * MS, received=160 * MS)
    meter.command(received=170 * MS)
    assert meter.take() == [70.0, 37.0]


def test_taking_starts_anew():
    meter = LatencyMeter()
    meter.policy_command(stamp=100 * MS, received=150 * MS)
    meter.take()
    meter.command(received=170 * MS)
    assert meter.take() == []


def test_last_latency_is_shown_while_it_runs():
    meter = LatencyMeter()
    assert meter.last_ms is None
    meter.policy_command(stamp=100 * MS, received=150 * MS)
    meter.command(received=170 * MS)
    assert meter.last_ms == 70.0


def test_percentile_of_nothing_is_none():
    assert percentile([], 0.95) is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 10.0), (0.95, 19.0), (1.0, 20.0)])
def test_percentile_of_known_values(share, value):
    assert percentile([float(each) for each in range(20, 0, -1)], share) == value


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_percentile_is_exceeded_by_at_most_its_share(values, share):
    limit = percentile(values, share)
    assert limit in values
    assert sum(value <= limit for value in values) >= share * len(values) - 1e-6
