# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from vla_node.cameras import FurtherCameras, Lens

MS = 1_000_000
LENS = Lens(history=2, spacing_ns=100 * MS)


@pytest.fixture
def cameras():
    return FurtherCameras(("wrist", "rear"), LENS, timeout_ns=500 * MS)


def image(value):
    return np.full((4, 5, 3), value, dtype=np.uint8)


def test_robot_with_one_camera_lacks_none():
    cameras = FurtherCameras((), LENS, 500 * MS)
    assert cameras.silent(0) == []
    assert cameras.frames() == {}


def test_camera_is_silent_until_its_first_image_and_after_its_last(cameras):
    assert cameras.silent(0) == ["wrist", "rear"]
    cameras.see("rear", image(1), 0, 0)
    assert cameras.silent(0) == ["wrist"]
    cameras.see("wrist", image(2), 0, 400 * MS)
    assert cameras.silent(500 * MS) == []
    assert cameras.silent(501 * MS) == ["rear"]


def test_each_camera_has_its_own_history(cameras):
    for step in range(3):
        cameras.see("wrist", image(step), step * 100 * MS, 0)
    cameras.see("rear", image(9), 0, 0)
    values = {
        name: [int(frame[0, 0, 0]) for frame in frames]
        for name, frames in cameras.frames().items()
    }
    assert values == {"wrist": [1, 2], "rear": [9, 9]}
