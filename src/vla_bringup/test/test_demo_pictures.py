# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from vla_bringup.demo.picture import write_picture
from vla_bringup.demo.sightings import Frame
from vla_bringup.demo.video import (
    CAPTION_HEIGHT,
    MAX_FRAMES,
    draw_frame,
    durations_ms,
    thin_out,
    write_gif,
)
from vla_sim.room import generate_room


def frame(at_s=0.0, instruction="go to the red ball", linear=0.3, angular=-0.5):
    pixels = np.full((240, 320, 3), 90 + int(at_s * 8) % 100, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG")
    return Frame(at_s, buffer.getvalue(), instruction, linear, angular)


def frames(count):
    return [frame(at_s=index / 8) for index in range(count)]


def test_caption_is_drawn_below_the_picture():
    picture = draw_frame(frame())
    assert picture.size == (320, 240 + CAPTION_HEIGHT)
    assert np.asarray(picture)[240:].max() == 255
    assert np.ptp(np.asarray(picture)[:230].astype(int)) < 10


def test_caption_shows_the_command():
    moving, resting = draw_frame(frame()), draw_frame(frame(linear=0.0, angular=0.0))
    assert np.asarray(moving)[240:].tolist() != np.asarray(resting)[240:].tolist()


def test_gif_plays_in_real_time(tmp_path):
    path = tmp_path / "camera.gif"
    assert write_gif(path, frames(9)) == 9
    with Image.open(path) as gif:
        assert gif.size == (320, 280)
        shown_ms = [picture.info["duration"] for picture in ImageSequence.Iterator(gif)]
    # Eighths of a second in the format's steps of 10 ms, and the last one for a second.
    assert sum(shown_ms) == pytest.approx(8 * 125 + 1000, abs=8 * 5)


def test_no_frames_make_no_file(tmp_path):
    path = tmp_path / "camera.gif"
    assert write_gif(path, []) == 0
    assert not path.exists()


@pytest.mark.parametrize("count", [0, 1, MAX_FRAMES, MAX_FRAMES + 1, 5 * MAX_FRAMES])
def test_long_run_is_thinned_out(count):
    kept = thin_out([None] * count, MAX_FRAMES)
    assert len(kept) <= MAX_FRAMES
    assert len(kept) >= min(count, MAX_FRAMES // 2)


def test_pause_is_cut_short():
    assert durations_ms([frame(0.0), frame(0.125), frame(60.0)]) == [125, 1000, 1000]


def test_path_of_each_episode_is_drawn_in_its_colour(tmp_path):
    room = generate_room(3, "demo")
    start = (room.start.x, room.start.y)
    path = tmp_path / "path.png"
    write_picture(path, room, [([start, (0.0, 0.0)], None), ([start, (0.0, 1.0)], None)])
    with Image.open(path) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24)}
    assert {(0x11, 0x11, 0x11), (0xD6, 0x00, 0x6C)} <= colours


def test_room_is_drawn_without_a_path(tmp_path):
    path = tmp_path / "path.png"
    write_picture(path, generate_room(3, "demo"), [])
    assert path.stat().st_size > 0
