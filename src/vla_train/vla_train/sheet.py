# SPDX-License-Identifier: Apache-2.0
"""Pages to look at: many small pictures with what is to be said of each, and bars."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

TILE_WIDTH = 220
GAP = 8
FONT_SIZE = 11
LINE_HEIGHT = 14
CAPTION_LINES = 4
LETTERS_PER_LINE = 38

BAR_WIDTH = 420
BAR_HEIGHT = 16
NAME_WIDTH = 90
NUMBER_WIDTH = 190
INK, PALE, GOOD = "#222222", "#e4e4e4", "#4a8f5c"


class Tile(NamedTuple):
    """A picture and what is said below it."""

    picture: Image.Image
    caption: str


class Bar(NamedTuple):
    """A share with its interval, 0 to 1 each, of so many things."""

    name: str
    share: float
    low: float
    high: float
    of: int


def contact_sheet(tiles: Sequence[Tile], columns: int = 6) -> Image.Image:
    """The tiles in rows, all of one width."""
    pictures = [_of_width(tile.picture, TILE_WIDTH) for tile in tiles]
    columns = max(1, min(columns, len(tiles)))
    rows = -(-len(tiles) // columns)
    tall = max((picture.height for picture in pictures), default=0)
    step_x, step_y = TILE_WIDTH + GAP, tall + CAPTION_LINES * LINE_HEIGHT + GAP
    page = Image.new("RGB", (columns * step_x + GAP, rows * step_y + GAP), "white")
    draw = ImageDraw.Draw(page)
    for index, (picture, tile) in enumerate(zip(pictures, tiles, strict=True)):
        x, y = GAP + index % columns * step_x, GAP + index // columns * step_y
        page.paste(picture, (x, y))
        _write(draw, (x, y + picture.height + 2), _wrapped(tile.caption))
    return page


def bar_chart(title: str, bars: Sequence[Bar]) -> Image.Image:
    """A bar for each share, with its interval as a line."""
    width = GAP + NAME_WIDTH + BAR_WIDTH + NUMBER_WIDTH
    page = Image.new("RGB", (width, (len(bars) + 1) * (BAR_HEIGHT + GAP) + 2 * GAP), "white")
    draw = ImageDraw.Draw(page)
    _write(draw, (GAP, GAP), title)
    left = GAP + NAME_WIDTH
    for row, bar in enumerate(bars, start=1):
        y = GAP + row * (BAR_HEIGHT + GAP)
        _write(draw, (GAP, y), bar.name)
        draw.rectangle([left, y, left + BAR_WIDTH, y + BAR_HEIGHT], fill=PALE)
        draw.rectangle([left, y, left + bar.share * BAR_WIDTH, y + BAR_HEIGHT], fill=GOOD)
        middle = y + BAR_HEIGHT / 2
        ends = [(left + share * BAR_WIDTH, middle) for share in (bar.low, bar.high)]
        draw.line(ends, fill=INK, width=2)
        said = f"{bar.share:.1%} of {bar.of} ({bar.low:.1%} to {bar.high:.1%})"
        _write(draw, (left + BAR_WIDTH + GAP, y), said)
    return page


def _of_width(picture: Image.Image, width: int) -> Image.Image:
    size = (width, max(1, round(picture.height * width / picture.width)))
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _wrapped(text: str) -> str:
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, LETTERS_PER_LINE)]
    if len(lines) > CAPTION_LINES:
        lines = [*lines[: CAPTION_LINES - 1], lines[CAPTION_LINES - 1][:-3] + "..."]
    return "\n".join(lines)


def _write(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str) -> None:
    draw.multiline_text(at, text, fill=INK, font=ImageFont.load_default(FONT_SIZE), spacing=2)
