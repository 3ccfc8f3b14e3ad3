# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_policy.image import resize_image

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [(480, 640), (120, 160), (240, 320), (97, 131), (30, 40)])
def test_a_buffer_holds_what_a_new_image_would(size):
    image = RNG.integers(0, 256, (*size, 3), dtype=np.uint8)
    buffer = np.zeros((1, 2, 120, 160, 3), dtype=np.uint8)
    answer = resize_image(image, 120, 160, out=buffer[0, 1])
    assert np.array_equal(buffer[0, 1], resize_image(image, 120, 160))
    assert answer.base is not None
    assert not buffer[0, 0].any()


@pytest.mark.parametrize(
    ("down", "across", "steps"),
    [(2, 2, 1), (3, 3, 1), (4, 4, 2), (8, 6, 2), (8, 8, 3), (12, 9, 1)],
)
def test_each_pixel_is_the_mean_of_what_it_covers(down, across, steps):
    image = RNG.integers(0, 256, (4 * down, 5 * across, 3), dtype=np.uint8)
    small = resize_image(image, 4, 5)
    means = image.reshape(4, down, 5, across, 3).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 0.5 * steps
    assert np.abs((small - means).mean()) <= 0.25 * steps


def test_an_image_of_the_right_size_is_not_copied():
    image = RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    assert resize_image(image, 4, 4) is image


@pytest.mark.parametrize("size", [(12, 16), (30, 40), (7, 9)])
@pytest.mark.parametrize("with_buffer", [True, False])
def test_views_give_what_copies_give(size, with_buffer):
    """A camera's BGR, BGRA and grey are looked at where they lie."""
    height, width = size
    four = RNG.integers(0, 256, (24, 32, 4), dtype=np.uint8)
    grey = np.broadcast_to(four[:, :, :1], (24, 32, 3))
    bgr = np.ascontiguousarray(four[:, :, :3])[:, :, ::-1]
    for view in (four[:, :, :3], four[:, :, 2::-1], bgr, grey, four[2:-3, 5:-5, :3]):
        buffer = np.zeros((height, width, 3), dtype=np.uint8) if with_buffer else None
        expected = resize_image(np.ascontiguousarray(view), height, width)
        assert np.array_equal(resize_image(view, height, width, out=buffer), expected)
        if buffer is not None:
            assert np.array_equal(buffer, expected)
