# SPDX-License-Identifier: Apache-2.0
from vla_sim.picture import MARGIN, PIXELS_PER_M, draw_paths, draw_room
from vla_sim.room import generate_room

ROOM = generate_room(5)


def pixel(x, y):
    return (
        round(MARGIN + (x + ROOM.width / 2) * PIXELS_PER_M),
        round(MARGIN + (ROOM.depth / 2 - y) * PIXELS_PER_M),
    )


def test_each_solid_is_drawn_in_its_colour_where_it_stands():
    image = draw_room(ROOM)
    for solid in ROOM.objects:
        beside = pixel(solid.x + solid.radius / 3, solid.y)
        drawn = image.getpixel(beside)
        assert all(abs(a - 255 * b) < 3 for a, b in zip(drawn, solid.rgb, strict=True))


def test_each_path_is_drawn_in_its_colour():
    image = draw_paths(ROOM, [([(0, 0), (1, 0)], None, "#ff00ff"), ([(0, 1)], None, "#00ffff")])
    colours = {colour for _, colour in image.getcolors(maxcolors=10**6)}
    assert {(255, 0, 255), (0, 255, 255)} <= colours
