# SPDX-License-Identifier: Apache-2.0
"""A room from above, with the way that the robot drove."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from vla_sim.room import Room, Solid

PIXELS_PER_M = 90
MARGIN = 24
SUPERSAMPLE = 2

Point = tuple[float, float]
Path = Sequence[Point]


def draw_room(
    room: Room,
    path: Path = (),
    target: Solid | None = None,
    colour: str = "#111111",
) -> Image.Image:
    """The room from above, x to the right and y up, with one driven path."""
    return draw_paths(room, [(path, target, colour)])


def draw_paths(room: Room, episodes: Sequence[tuple[Path, Solid | None, str]]) -> Image.Image:
    """The room from above with a path, its target and its line colour for each episode."""
    scale = PIXELS_PER_M * SUPERSAMPLE
    margin = MARGIN * SUPERSAMPLE
    size = (round(room.width * scale) + 2 * margin, round(room.depth * scale) + 2 * margin)
    image = Image.new("RGB", size, _rgb255(room.wall.rgb1))
    draw = ImageDraw.Draw(image)

    def pixel(point: Point) -> Point:
        x, y = point
        return margin + (x + room.width / 2) * scale, margin + (room.depth / 2 - y) * scale

    corner = (room.width / 2, room.depth / 2)
    draw.rectangle(
        [pixel((-corner[0], corner[1])), pixel((corner[0], -corner[1]))],
        fill=_rgb255(room.floor.rgb1),
        outline="black",
        width=2 * SUPERSAMPLE,
    )
    for solid in room.objects:
        draw.polygon(
            [pixel(p) for p in _footprint(solid)], fill=_rgb255(solid.rgb), outline="black"
        )
        if solid.shape == "cone":
            draw.circle(pixel((solid.x, solid.y)), 3 * SUPERSAMPLE, fill="black")
    for path, target, colour in episodes:
        if target is not None:
            radius = (target.radius + 0.08) * scale
            draw.circle(pixel((target.x, target.y)), radius, outline=colour, width=3 * SUPERSAMPLE)
        if len(path) > 1:
            draw.line([pixel(p) for p in path], fill=colour, width=3 * SUPERSAMPLE, joint="curve")
        if path:
            draw.circle(pixel(path[0]), 5 * SUPERSAMPLE, outline=colour, width=2 * SUPERSAMPLE)
            draw.circle(pixel(path[-1]), 6 * SUPERSAMPLE, fill=colour)
    return image.resize((size[0] // SUPERSAMPLE, size[1] // SUPERSAMPLE), Image.Resampling.LANCZOS)


def _footprint(solid: Solid) -> list[Point]:
    square = solid.shape in ("box", "pyramid", "diamond", "stairs")
    corners = 4 if square else 48
    turn = solid.yaw + (math.pi / 4 if solid.shape in ("box", "stairs") else 0.0)
    angles = (turn + math.tau * i / corners for i in range(corners))
    return [
        (solid.x + solid.radius * math.cos(a), solid.y + solid.radius * math.sin(a))
        for a in angles
    ]


def _rgb255(rgb: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = (round(255 * value) for value in rgb)
    return red, green, blue
