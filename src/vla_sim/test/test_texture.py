# SPDX-License-Identifier: Apache-2.0
import io

import numpy as np
import pytest
from PIL import Image

from vla_sim.errors import RoomError
from vla_sim.room import Look
from vla_sim.texture import PATTERNS, SIZE, texture_png

PALE, DARK = (0.8, 0.7, 0.6), (0.2, 0.3, 0.4)


def pixels(look, repeat=1.0):
    return np.asarray(Image.open(io.BytesIO(texture_png(look, repeat))))


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_a_pattern_is_the_same_for_the_same_seed(pattern):
    look = Look(pattern, PALE, DARK, seed=3)
    assert texture_png(look) == texture_png(look)
    assert pixels(look).shape == (SIZE, SIZE, 3)
    assert (len(np.unique(pixels(look).reshape(-1, 3), axis=0)) > 1) == (pattern != "plain")


def test_a_repeated_pattern_is_the_pattern_side_by_side():
    look = Look("planks", PALE, DARK, seed=5)
    once, often = pixels(look), pixels(look, repeat=2.5)
    assert often.shape[:2] == (round(2.5 * SIZE), round(2.5 * SIZE))
    assert (often[SIZE : 2 * SIZE, SIZE : 2 * SIZE] == once).all()
    assert (often[2 * SIZE :, :SIZE] == once[: SIZE // 2]).all()


def test_an_unknown_pattern_is_refused():
    with pytest.raises(RoomError, match="unknown pattern 'tartan'"):
        texture_png(Look("tartan", PALE, DARK))
