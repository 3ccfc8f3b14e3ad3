# SPDX-License-Identifier: Apache-2.0
"""What stands in a room as plain bodies: what every simulator's model of it is written from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_sim.room import WALL_HEIGHT, Room, Solid

CONE_SIDES = 24
WALL_THICKNESS = 0.1
FLOOR_MARGIN = 0.2
"""[m] That the floor reaches under the walls."""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Body:
    """A body that does not move.

    Attributes:
        kind: box, sphere, cylinder or cone.
        centre: of its bounding box [m].
        size: of its bounding box, before it is turned [m].
        yaw: counter-clockwise from above [rad].
        rgb: sRGB, 0 to 1.
    """

    name: str
    kind: str
    centre: Vector
    size: Vector
    yaw: float
    rgb: Vector


def solids(room: Room) -> tuple[Body, ...]:
    """The things that sentences name, in the room's order."""
    return tuple(_solid(solid, f"solid{index}") for index, solid in enumerate(room.objects))


def _solid(solid: Solid, name: str) -> Body:
    kind = {"ball": "sphere"}.get(solid.shape, solid.shape)
    width = 2 * solid.radius
    if kind == "box":
        width /= math.sqrt(2)
    height = width if kind == "sphere" else solid.height
    return Body(
        name=name,
        kind=kind,
        centre=(solid.x, solid.y, height / 2),
        size=(width, width, height),
        yaw=solid.yaw if kind == "box" else 0.0,
        rgb=solid.rgb,
    )


def walls(room: Room) -> tuple[Body, ...]:
    """The four walls, around the floor."""
    thick = WALL_THICKNESS
    places = {
        "north": (0.0, 1.0, room.width + 2 * thick, thick),
        "south": (0.0, -1.0, room.width + 2 * thick, thick),
        "east": (1.0, 0.0, thick, room.depth),
        "west": (-1.0, 0.0, thick, room.depth),
    }
    out_x, out_y = (room.width + thick) / 2, (room.depth + thick) / 2
    return tuple(
        Body(
            name=f"wall_{name}",
            kind="box",
            centre=(side_x * out_x, side_y * out_y, WALL_HEIGHT / 2),
            size=(width, depth, WALL_HEIGHT),
            yaw=0.0,
            rgb=room.wall.rgb1,
        )
        for name, (side_x, side_y, width, depth) in places.items()
    )


def floor_size(room: Room) -> tuple[float, float]:
    """Width and depth of the floor [m]."""
    return room.width + 2 * FLOOR_MARGIN, room.depth + 2 * FLOOR_MARGIN


def cone_vertices(radius: float = 1.0, height: float = 1.0) -> list[Vector]:
    """Corners of a cone on the floor: the tip, then the rim counter-clockwise [m]."""
    rim = [
        (radius * math.cos(angle), radius * math.sin(angle), 0.0)
        for angle in (math.tau * i / CONE_SIDES for i in range(CONE_SIDES))
    ]
    return [(0.0, 0.0, height), *rim]
