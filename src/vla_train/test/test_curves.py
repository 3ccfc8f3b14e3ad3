# SPDX-License-Identifier: Apache-2.0
import importlib.util

import pytest

from vla_train import curves
from vla_train.curves import Curves, can_draw

needs_tensorboard = pytest.mark.skipif(not can_draw(), reason="tensorboard is missing")


def points(folder, name):
    """(frames, value) of a curve, as TensorBoard shows it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, round(event.value, 4)) for event in events.Scalars(name)]


@needs_tensorboard
def test_what_a_run_wrote_beyond_its_kept_state_is_forgotten(tmp_path):
    with Curves(tmp_path, 0) as first:
        for frames in (64, 128, 192):
            first.add({"loss/action": frames / 1000}, frames)
    with Curves(tmp_path, 128) as resumed:
        resumed.add({"loss/action": 0.5}, 192)
    assert points(tmp_path, "loss/action") == [(64, 0.064), (128, 0.128), (192, 0.5)]


def test_nothing_is_kept_where_no_folder_is_given(tmp_path):
    with Curves(None, 0) as none:
        none.add({"loss": 1.0}, 64)
    assert not list(tmp_path.iterdir())


def test_a_machine_without_tensorboard_is_noticed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not can_draw()
    assert "pip install tensorboard" in curves.MISSING
