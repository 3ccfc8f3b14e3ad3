# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vla_node.history import ImageHistory
from vla_policy.image import resize_image

MS = 1_000_000


def image(value, size=4):
    return np.full((size, size, 3), value, dtype=np.uint8)


def values(history):
    return [int(frame[0, 0, 0]) for frame in history.frames()]


def test_one_image_is_the_newest_itself_without_a_copy():
    history = ImageHistory(1, 100 * MS)
    newest = image(2)
    history.add(image(1), 0)
    history.add(newest, 33 * MS)
    assert history.frames()[0] is newest


def test_images_are_one_step_apart_oldest_first():
    history = ImageHistory(3, 100 * MS)
    for number in range(13):
        history.add(image(number), number * 33 * MS)
    assert values(history) == [6, 9, 12]


def test_oldest_image_stands_for_a_past_that_is_missing():
    history = ImageHistory(3, 100 * MS)
    history.add(image(7), 0)
    assert values(history) == [7, 7, 7]


def test_another_image_size_starts_anew():
    history = ImageHistory(2, 100 * MS)
    history.add(image(1, size=4), 0)
    history.add(image(2, size=6), 100 * MS)
    assert values(history) == [2, 2]


def test_a_stamp_that_goes_back_starts_anew():
    history = ImageHistory(2, 100 * MS)
    history.add(image(1), 500 * MS)
    history.add(image(2), 0)
    assert values(history) == [2, 2]


@given(st.lists(st.integers(0, 150), min_size=1, max_size=100), st.integers(1, 5))
def test_number_of_frames_is_constant_and_memory_is_bounded(gaps_ms, length):
    history, stamp = ImageHistory(length, 50 * MS), 0
    for number, gap in enumerate(gaps_ms):
        stamp += gap * MS
        history.add(image(number % 256, size=1), stamp)
        frames = history.frames()
        assert len(frames) == length
        assert frames[-1][0, 0, 0] == number % 256 or gap == 0
    kept = history._images
    assert len(kept) < 3 or kept[1][0] > stamp - (length - 1) * 50 * MS


def test_history_of_several_keeps_them_in_the_size_that_the_policy_wants():
    history = ImageHistory(3, 100 * MS, size=(2, 3))
    full = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    history.add(full, 0)
    assert np.array_equal(history.frames()[-1], resize_image(full, 2, 3))


def test_one_image_stays_as_it_came_for_the_policy_to_resize():
    history, full = ImageHistory(1, 100 * MS, size=(2, 3)), image(1)
    history.add(full, 0)
    assert history.frames()[0] is full
