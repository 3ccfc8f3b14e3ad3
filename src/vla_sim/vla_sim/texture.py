# SPDX-License-Identifier: Apache-2.0
"""Patterns of floors, walls and pictures as images, the same for every simulator."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from vla_sim.errors import RoomError
from vla_sim.room import Look

SIZE = 128
"""Pixels of a texture along each side."""

Pixels = npt.NDArray[np.float64]
Painter = Callable[[np.random.Generator, Pixels, Pixels], Pixels]


def texture_png(look: Look, repeat: float = 1.0) -> bytes:
    """The pattern of a look as a PNG file, `repeat` times along each side.

    Raises:
        RoomError: there is no such pattern.
    """
    if look.pattern not in PATTERNS:
        known = ", ".join(PATTERNS)
        raise RoomError(f"unknown pattern {look.pattern!r}: expected one of {known}")
    rng = np.random.default_rng(look.seed)
    pixels = PATTERNS[look.pattern](rng, np.array(look.rgb1), np.array(look.rgb2))
    along = np.arange(round(repeat * SIZE)) % SIZE
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8)[along[:, None], along])
    file = io.BytesIO()
    image.save(file, format="PNG", compress_level=1)
    return file.getvalue()


def _blend(weight: npt.NDArray[np.float64], a: Pixels, b: Pixels) -> Pixels:
    """``[H, W]`` in 0 (colour a) to 1 (colour b), to ``[H, W, 3]``."""
    return a + weight[..., None] * (b - a)


def _rows() -> npt.NDArray[np.float64]:
    return np.repeat((np.arange(SIZE) / SIZE)[:, None], SIZE, axis=1)


def _plain(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    return _blend(np.zeros((SIZE, SIZE)), a, b)


def _checker(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    half = np.arange(SIZE) // (SIZE // 2)
    return _blend((half[:, None] ^ half[None]).astype(float), a, b)


def _speckle(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    return _blend((rng.random((SIZE, SIZE)) < 0.04).astype(float), a, b)


def _gradient(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    return _blend(_rows(), a, b)


def _blotches(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    coarse = Image.fromarray((rng.random((8, 8)) * 255).astype(np.uint8))
    smooth = np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) / 255.0
    return _blend(smooth, a, b)


def _clouds(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    weight, strength = np.zeros((SIZE, SIZE)), 1.0
    for cells in (4, 8, 16, 32):
        coarse = Image.fromarray((rng.random((cells, cells)) * 255).astype(np.uint8))
        smooth = np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) / 255.0
        weight += strength * (smooth - 0.5)
        strength *= 0.6
    return _blend(np.clip(0.5 + weight, 0.0, 1.0), a, b)


def _mosaic(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    """Each place has the shade of the nearest of some points."""
    points, shades = rng.uniform(0, SIZE, (24, 2)), rng.random(24)
    places = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), axis=-1)
    off = np.abs(places[:, :, None] - points)
    off = np.minimum(off, SIZE - off)  # it repeats
    return _blend(shades[np.square(off).sum(axis=-1).argmin(axis=-1)], a, b)


def _scribble(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(a)
    for _ in range(14):
        points = [(int(x), int(y)) for x, y in rng.integers(-20, SIZE + 20, (3, 2))]
        colour = a + rng.random() * (b - a)
        draw.line(points, fill=_rgb255(colour), width=int(rng.integers(2, 9)))
    return _pixels(image)


def _pebbles(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(a)
    for _ in range(40):
        x, y, wide, high = (int(v) for v in rng.integers([-8, -8, 5, 5], [SIZE, SIZE, 26, 26]))
        draw.ellipse([x, y, x + wide, y + high], fill=_rgb255(a + rng.random() * (b - a)))
    return _pixels(image)


def _triangles(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(a)
    for _ in range(9):
        points = [(int(x), int(y)) for x, y in rng.integers(0, SIZE, (3, 2))]
        draw.polygon(points, fill=_rgb255(rng.random(3)))
    return _pixels(image)


def _stripes(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    return _blend(((np.arange(SIZE) // 16) % 2 * np.ones((SIZE, 1))).astype(float), a, b)


def _tiles(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    shade = np.kron(rng.uniform(-0.04, 0.04, (4, 4)), np.ones((SIZE // 4, SIZE // 4)))
    joint = np.minimum(np.arange(SIZE) % 32, 31) < 3
    pixels = _blend((joint[:, None] | joint[None]).astype(float), a, 0.6 * b)
    return pixels + shade[..., None]


def _planks(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    boards = np.repeat(rng.random(8), SIZE // 8)[:, None]
    grain = np.repeat(rng.normal(0, 0.08, SIZE)[:, None], SIZE, axis=1)
    gap = (np.arange(SIZE) % 16 == 0)[:, None] * np.ones((1, SIZE))
    return _blend(np.clip(boards + grain, 0, 1), a, b) * (1 - 0.5 * gap)[..., None]


def _dots(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    off = np.arange(SIZE) % 32 - 15.5
    return _blend((off[:, None] ** 2 + off[None] ** 2 < 64).astype(float), a, 0.7 * b)


def _bricks(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    row = np.arange(SIZE) // 16
    along = (np.arange(SIZE)[None] + 16 * (row % 2)[:, None]) % 32
    joint = (np.arange(SIZE) % 16 < 2)[:, None] | (along < 2)
    tone = a * np.array([1.0, 0.82, 0.72])
    return _blend(joint.astype(float), tone, b)


def _panels(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    across = np.arange(SIZE) % 32
    weight = np.where(across < 2, 1.0, across / 64)[None] * np.ones((SIZE, 1))
    return _blend(weight, a, 0.7 * b)


def _canvas(a: Pixels) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIZE, SIZE), _rgb255(a))
    return image, ImageDraw.Draw(image)


def _rgb255(rgb: npt.ArrayLike) -> tuple[int, int, int]:
    red, green, blue = (round(255 * float(v)) for v in np.clip(np.asarray(rgb), 0, 1))
    return red, green, blue


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image) / 255.0


def _frame(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(b)
    draw.rectangle([14, 14, SIZE - 15, SIZE - 15], fill=_rgb255(a))
    return _pixels(image)


def _squares(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(a)
    for _ in range(7):
        x, y, size = (int(v) for v in rng.integers([0, 0, 16], [100, 100, 60]))
        draw.rectangle([x, y, x + size, y + size], fill=_rgb255(rng.random(3)))
    return _pixels(image)


def _circles(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(a)
    for _ in range(7):
        x, y, size = (int(v) for v in rng.integers([0, 0, 8], [SIZE, SIZE, 30]))
        draw.circle((x, y), size, fill=_rgb255(rng.random(3)))
    return _pixels(image)


def _landscape(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(np.array([0.55, 0.75, 0.95]))
    draw.circle((int(rng.integers(20, 108)), 28), 13, fill=(250, 220, 90))
    hills = 70 + 16 * np.sin(np.linspace(0, 6, SIZE) + rng.uniform(0, 6))
    outline = [*enumerate(hills.tolist()), (SIZE, SIZE), (0, SIZE)]
    draw.polygon(outline, fill=_rgb255(rng.uniform([0.1, 0.4, 0.1], [0.4, 0.65, 0.3])))
    return _pixels(image)


def _portrait(rng: np.random.Generator, a: Pixels, b: Pixels) -> Pixels:
    image, draw = _canvas(rng.uniform(0.2, 0.7, 3))
    draw.ellipse([20, 86, 108, 190], fill=_rgb255(rng.random(3)))
    draw.ellipse([42, 26, 86, 88], fill=_rgb255(rng.uniform([0.5, 0.35, 0.25], [0.95, 0.8, 0.7])))
    return _pixels(image)


PATTERNS: dict[str, Painter] = {
    "plain": _plain,
    "checker": _checker,
    "speckle": _speckle,
    "gradient": _gradient,
    "blotches": _blotches,
    "clouds": _clouds,
    "mosaic": _mosaic,
    "scribble": _scribble,
    "pebbles": _pebbles,
    "triangles": _triangles,
    "stripes": _stripes,
    "tiles": _tiles,
    "planks": _planks,
    "dots": _dots,
    "bricks": _bricks,
    "panels": _panels,
    "frame": _frame,
    "squares": _squares,
    "circles": _circles,
    "landscape": _landscape,
    "portrait": _portrait,
}
"""Painters of the patterns; each takes a random stream and two colours."""
