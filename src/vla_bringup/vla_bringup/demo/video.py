# SPDX-License-Identifier: Apache-2.0
"""What the camera saw, with what the robot was told and did, as a moving picture."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

from vla_bringup.demo.sightings import Frame

RATE_HZ = 8.0
MAX_FRAMES = 320
COLOURS = 256
CAPTION_HEIGHT = 40
PALETTE_SAMPLES = 16

INKS = WHITE, GREY, GREEN, BLACK = "#ffffff", "#9a9a9a", "#35d07f", "#101010"
FULL_LINEAR, FULL_ANGULAR = 0.6, 1.5
"""Speeds at which the bars of the caption are full [m/s, rad/s]."""


def write_gif(path: Path, frames: Sequence[Frame]) -> int:
    """Save the frames as an endless GIF that plays in real time; how many it holds.

    A long run keeps every second or third frame, so that the file stays below 10 MB.
    """
    chosen = thin_out(frames, MAX_FRAMES)
    if not chosen:
        return 0
    pictures = [draw_frame(frame) for frame in chosen]
    palette = _common_palette(pictures)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    indexed[0].save(
        path,
        save_all=True,
        append_images=indexed[1:],
        duration=durations_ms(chosen),
        loop=0,
        optimize=False,
    )
    return len(indexed)


def thin_out(frames: Sequence[Frame], most: int) -> list[Frame]:
    """Every n-th frame, with the smallest n that leaves at most `most`."""
    step = max(1, -(-len(frames) // most))
    return list(frames[::step])


def durations_ms(frames: Sequence[Frame]) -> list[int]:
    """How long each frame is shown: until the next one was taken, the last one for a second.

    A pause of more than a second is shown as one: nothing happens in it.
    """
    gaps = [later.at_s - frame.at_s for frame, later in itertools.pairwise(frames)]
    return [round(1000 * min(max(gap, 0.02), 1.0)) for gap in [*gaps, 1.0]]


def draw_frame(frame: Frame) -> Image.Image:
    """The camera's picture with a caption below it."""
    seen = Image.open(io.BytesIO(frame.jpeg)).convert("RGB")
    picture = Image.new("RGB", (seen.width, seen.height + CAPTION_HEIGHT), BLACK)
    picture.paste(seen, (0, 0))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=13)
    top = seen.height
    draw.text((6, top + 3), frame.instruction or "(stop)", fill=WHITE, font=font)
    text = f"{frame.linear:+.2f} m/s   {frame.angular:+.2f} rad/s"
    draw.text((6, top + 21), text, fill=GREY, font=font)
    right = seen.width - 8
    _bar(draw, (right - 110, top + 26), frame.linear / FULL_LINEAR)
    _bar(draw, (right - 50, top + 26), -frame.angular / FULL_ANGULAR)
    return picture


def _bar(draw: ImageDraw.ImageDraw, start: tuple[int, int], share: float) -> None:
    """A bar that grows from its middle, to the right for positive shares."""
    x, y = start
    width, height = 50, 7
    middle = x + width // 2
    end = middle + round(max(-1.0, min(1.0, share)) * width / 2)
    draw.rectangle([x, y, x + width, y + height], outline=GREY)
    draw.rectangle([min(middle, end), y, max(middle, end), y + height], fill=GREEN)


def _common_palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """One palette for all pictures, so that the file holds it once."""
    step = max(1, len(pictures) // PALETTE_SAMPLES)
    samples = [picture.resize((160, 140)) for picture in pictures[::step]]
    sheet = Image.new("RGB", (160, 140 * len(samples)))
    for index, sample in enumerate(samples):
        sheet.paste(sample, (0, 140 * index))
    # A thing far away covers few pixels, and its colour matters most: coverage, not counts.
    found = sheet.quantize(COLOURS - len(INKS), method=Image.Quantize.MAXCOVERAGE).getpalette()
    inks = [value for ink in INKS for value in ImageColor.getrgb(ink)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*inks, *(found or [])][: 3 * COLOURS])
    return palette
