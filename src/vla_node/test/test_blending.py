# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_node.blending import BLENDINGS, make_blending
from vla_node.chunk import ChunkPlayer

MS = 1_000_000
STAMP = 1_000_000 * MS
STEADY = 5_000 * MS

SPEEDS = st.floats(-0.5, 0.5, width=32)


def play(player, make_chunk, at_ms, speed):
    """A chunk of one speed, whose image came at `at_ms`."""
    actions = np.tile(np.float32([speed, 0.0]), (8, 1))
    player.load(make_chunk(STAMP + at_ms * MS, actions=actions), STEADY + at_ms * MS)


def due(player, ms):
    action = player.due(STAMP + ms * MS, STEADY + ms * MS)
    return None if action is None else float(action[0])


@pytest.mark.parametrize("name", BLENDINGS)
def test_first_chunk_is_driven_as_it_is(name, make_chunk):
    player = ChunkPlayer(make_blending(name))
    play(player, make_chunk, 0, 0.5)
    assert [due(player, ms) for ms in (10, 50, 300)] == pytest.approx([0.5] * 3)


def test_replace_takes_the_newest_at_once(make_chunk):
    player = ChunkPlayer(make_blending("replace"))
    play(player, make_chunk, 0, 0.5)
    due(player, 90)
    play(player, make_chunk, 100, -0.5)
    assert due(player, 101) == pytest.approx(-0.5)


def test_linear_goes_over_at_a_constant_pace(make_chunk):
    player = ChunkPlayer(make_blending("linear"))
    play(player, make_chunk, 0, 0.5)
    due(player, 90)
    play(player, make_chunk, 100, -0.5)
    speeds = [due(player, 150 + ms) for ms in (0, 50, 100, 200, 300)]
    assert speeds == pytest.approx([0.5, 0.25, 0.0, -0.5, -0.5])


def test_ensemble_is_the_mean_of_what_has_not_run_out(make_chunk):
    player = ChunkPlayer(make_blending("temporal_ensemble"))
    play(player, make_chunk, 0, 0.6)
    play(player, make_chunk, 200, 0.3)
    older, newer = 1.0, np.exp(-0.01)
    assert due(player, 300) == pytest.approx((0.6 * older + 0.3 * newer) / (older + newer))
    assert due(player, 850) == pytest.approx(0.3), "the first has run out at 800 ms"


@pytest.mark.parametrize("name", BLENDINGS)
def test_what_was_said_before_is_forgotten_when_it_is_dropped(name, make_chunk):
    player = ChunkPlayer(make_blending(name), ramp_ns=500 * MS)
    play(player, make_chunk, 0, 0.6)
    due(player, 50)
    player.drop()
    assert due(player, 60) is None
    play(player, make_chunk, 100, -0.6)
    assert due(player, 110) == pytest.approx(-0.6)


@pytest.mark.parametrize("name", BLENDINGS)
@settings(deadline=None)
@given(chunks=st.lists(st.tuples(st.integers(1, 400), st.integers(0, 1200), SPEEDS), max_size=12))
def test_command_stays_between_what_the_chunks_say_and_zero(name, make_chunk, chunks):
    player, now = ChunkPlayer(make_blending(name), ramp_ns=200 * MS), 0
    speeds = [0.0]
    for pause_ms, delay_ms, speed in chunks:
        now += pause_ms
        play(player, make_chunk, now - delay_ms, speed)
        speeds.append(speed)
        for ms in (0, 15, 40):
            speed_now = due(player, now + ms)
            if speed_now is not None:
                assert min(speeds) - 1e-5 <= speed_now <= max(speeds) + 1e-5


@settings(deadline=None)
@given(st.lists(SPEEDS, min_size=2, max_size=10))
def test_linear_never_jumps_as_a_chunk_comes(make_chunk, speeds):
    """At 10 ms a tick, and 200 ms for the whole way: a twentieth of it each tick at most."""
    player, ticks = ChunkPlayer(make_blending("linear")), []
    for place, speed in enumerate(speeds):
        play(player, make_chunk, place * 70, speed)
        ticks += [due(player, place * 70 + ms) for ms in range(0, 70, 10)]
    assert np.abs(np.diff(ticks)).max() <= 1.0 / 20 + 1e-5
