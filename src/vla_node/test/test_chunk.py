# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_node.chunk import ChunkPlayer

MS = 1_000_000
STAMP = 1_000_000 * MS
STEADY = 5_000 * MS


@pytest.fixture
def player(make_chunk):
    player = ChunkPlayer()
    player.load(make_chunk(STAMP), seen_ns=STEADY)
    return player


def due(player, after_ms, steady_after_ms=None):
    steady_after_ms = after_ms if steady_after_ms is None else steady_after_ms
    return player.due(STAMP + round(after_ms * MS), STEADY + round(steady_after_ms * MS))


def test_nothing_is_due_without_a_chunk():
    assert ChunkPlayer().due(STAMP, STEADY) is None


@pytest.mark.parametrize(("after_ms", "step"), [(0, 0), (99, 0), (100, 1), (350, 3), (799, 7)])
def test_action_of_the_present_step_is_due(player, after_ms, step):
    assert due(player, after_ms) == pytest.approx([0.01 * step, -0.01 * step], abs=1e-6)


def test_late_chunk_is_entered_at_the_step_that_is_due(make_chunk):
    player = ChunkPlayer()
    player.load(make_chunk(STAMP), seen_ns=STEADY)
    assert due(player, 420)[0] == pytest.approx(0.04)


def test_nothing_is_due_past_the_end(player):
    assert due(player, 799.9) is not None
    assert due(player, 800) is None
    assert due(player, 1e9) is None


def test_paused_node_clock_does_not_hold_an_action(player):
    assert due(player, 0, steady_after_ms=799) is not None
    assert due(player, 0, steady_after_ms=800) is None


def test_node_clock_that_jumps_back_does_not_hold_an_action(player):
    assert due(player, -3_600_000, steady_after_ms=800) is None


def test_node_clock_that_jumps_ahead_ends_the_chunk(player):
    assert due(player, 3_600_000, steady_after_ms=10) is None


def test_stamp_in_the_future_plays_from_the_arrival_of_the_image(player):
    assert due(player, -50, steady_after_ms=150)[0] == pytest.approx(0.01)


def test_dropped_chunk_is_not_played(player):
    player.drop()
    assert due(player, 0) is None


def test_actions_outside_their_bounds_are_clipped(make_chunk):
    player = ChunkPlayer()
    player.load(make_chunk(STAMP, actions=np.tile([9.0, -9.0], (8, 1))), seen_ns=STEADY)
    assert due(player, 0) == pytest.approx([0.6, -1.5])


@given(
    st.integers(-2_000 * MS, 2_000 * MS),
    st.integers(-10 * MS, 2_000 * MS),
    st.integers(0, 500 * MS),
)
def test_never_an_action_past_the_end_by_either_clock(make_chunk, node_ns, steady_ns, seen_ns):
    player, chunk = ChunkPlayer(), make_chunk(STAMP)
    player.load(chunk, seen_ns=STEADY + seen_ns)
    action = player.due(STAMP + node_ns, STEADY + seen_ns + steady_ns)
    elapsed = max(node_ns, steady_ns, 0)
    if elapsed >= 800 * MS:
        assert action is None
    else:
        assert action == pytest.approx(chunk.actions[elapsed // (100 * MS)])


@settings(deadline=None)
@given(st.integers(1, 500), st.floats(-0.6, 0.6), st.floats(-1.5, 1.5))
def test_last_action_shrinks_to_zero_when_the_chunk_runs_out(make_chunk, ramp_ms, linear, angular):
    player = ChunkPlayer(ramp_ns=ramp_ms * MS)
    player.load(make_chunk(STAMP, actions=np.tile([linear, angular], (8, 1))), seen_ns=STEADY)
    last = due(player, 799)
    for share in (0.0, 0.3, 0.9):
        action = due(player, 800 + share * ramp_ms)
        assert action == pytest.approx(last * (1 - share), abs=1e-3)
    assert due(player, 800 + ramp_ms) is None
    assert due(player, 801 + ramp_ms) is None


def test_chunk_that_comes_past_its_end_is_not_driven(make_chunk):
    player = ChunkPlayer(ramp_ns=200 * MS)
    player.load(make_chunk(STAMP), seen_ns=STEADY)
    assert due(player, 850) is None


def test_new_chunk_ends_the_ramp(make_chunk):
    player = ChunkPlayer(ramp_ns=200 * MS)
    player.load(make_chunk(STAMP, actions=np.tile([0.5, 0.0], (8, 1))), seen_ns=STEADY)
    due(player, 799)
    assert due(player, 900)[0] == pytest.approx(0.25)
    player.load(
        make_chunk(STAMP + 900 * MS, actions=np.tile([0.4, 0.0], (8, 1))), STEADY + 900 * MS
    )
    assert due(player, 901)[0] == pytest.approx(0.4)


def test_chunk_that_comes_past_its_end_does_not_swell_the_ramp(make_chunk):
    """It has no action for now: what was driven goes on shrinking as if it had not come."""
    player = ChunkPlayer(ramp_ns=200 * MS)
    player.load(make_chunk(STAMP, actions=np.tile([0.4, 0.0], (8, 1))), seen_ns=STEADY)
    due(player, 799)
    assert due(player, 900)[0] == pytest.approx(0.2)
    late = make_chunk(STAMP + 100 * MS, actions=np.tile([0.6, 0.0], (8, 1)))
    player.load(late, STEADY + 100 * MS)
    assert due(player, 950)[0] == pytest.approx(0.1)
    assert player.chunk.observation_stamp == STAMP, "the one that the action comes from"
    assert due(player, 1000) is None


def test_chunk_of_an_older_image_that_has_run_out_changes_nothing(make_chunk):
    player = ChunkPlayer(ramp_ns=200 * MS)
    player.load(make_chunk(STAMP, actions=np.tile([0.4, 0.0], (8, 1))), seen_ns=STEADY)
    due(player, 10)
    player.load(make_chunk(STAMP - 900 * MS), STEADY - 900 * MS)
    assert due(player, 20)[0] == pytest.approx(0.4)


def test_chunks_that_come_too_late_are_not_collected(make_chunk):
    player = ChunkPlayer()
    for place in range(50):
        player.load(make_chunk(STAMP + place * MS), STEADY + place * MS)
        assert due(player, 2000 + place) is None
    assert len(player._chunks) == 1
