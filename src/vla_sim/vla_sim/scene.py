# SPDX-License-Identifier: Apache-2.0
"""What stands in a room as plain bodies: what every simulator's model of it is written from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_sim.room import WALL_HEIGHT, Light, Look, Picture, Room, Solid
from vla_sim.shapes import Part, parts_of

FLOOR = "floor"
FLOOR_MARGIN = 0.2
"""[m] That the floor reaches under the walls."""
WALL_THICKNESS = 0.1
PICTURE_THICKNESS = 0.04
"""Half of it stands out of the wall [m]."""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Texture:
    """A look `repeat` times along each side of what it covers."""

    name: str
    look: Look
    repeat: float = 1.0


@dataclass(frozen=True)
class Body:
    """Something that does not move by itself.

    Attributes:
        at: origin of the frame of its parts [m].
        yaw: of that frame, counter-clockwise from above [rad].
        coat: a colour (sRGB, 0 to 1) or a texture.
        movable: whether somebody may put it elsewhere.
        tangible: whether one can bump into it.
    """

    name: str
    parts: tuple[Part, ...]
    at: Vector
    coat: Vector | Texture
    yaw: float = 0.0
    movable: bool = False
    tangible: bool = True


@dataclass(frozen=True)
class Scene:
    """All that is to be seen of a room but the robot.

    Attributes:
        aim: where the lamp shines.
    """

    name: str
    bodies: tuple[Body, ...]
    light: Light
    aim: Vector

    @property
    def textures(self) -> tuple[Texture, ...]:
        """Those of the bodies, each once."""
        coats = (body.coat for body in self.bodies)
        return tuple(dict.fromkeys(coat for coat in coats if isinstance(coat, Texture)))


def scene_of(room: Room) -> Scene:
    """The scene of a room; its things are called as `solid_name` calls them."""
    return Scene(
        name=f"room_{room.split}_{room.seed}",
        bodies=(_floor(room), *_walls(room), *_pictures(room), *_solids(room)),
        light=room.light,
        aim=_aim(room.light),
    )


def solid_name(index: int) -> str:
    """Name of the body of the room's `index`-th thing."""
    return f"solid{index}"


def _floor(room: Room) -> Body:
    half = (room.width / 2 + FLOOR_MARGIN, room.depth / 2 + FLOOR_MARGIN)
    texture = Texture(FLOOR, room.floor, room.floor.repeat)
    return Body(FLOOR, (Part("plane", half),), (0.0, 0.0, 0.0), texture)


def _walls(room: Room) -> tuple[Body, ...]:
    """Four walls around the floor."""
    texture = Texture("wall", room.wall)
    thick, half_w, half_d = WALL_THICKNESS / 2, room.width / 2, room.depth / 2
    places = {
        "north": (0.0, half_d + thick, half_w + 2 * thick, thick),
        "south": (0.0, -half_d - thick, half_w + 2 * thick, thick),
        "east": (half_w + thick, 0.0, thick, half_d),
        "west": (-half_w - thick, 0.0, thick, half_d),
    }
    return tuple(
        Body(
            f"wall_{name}",
            (Part("box", (across, along, WALL_HEIGHT / 2)),),
            (x, y, WALL_HEIGHT / 2),
            texture,
        )
        for name, (x, y, across, along) in places.items()
    )


def _pictures(room: Room) -> tuple[Body, ...]:
    return tuple(
        _picture(room, picture, f"picture{index}") for index, picture in enumerate(room.pictures)
    )


def _picture(room: Room, picture: Picture, name: str) -> Body:
    x, y, yaw = {
        "north": (picture.along, room.depth / 2, 0.0),
        "south": (picture.along, -room.depth / 2, 0.0),
        "east": (room.width / 2, picture.along, math.pi / 2),
        "west": (-room.width / 2, picture.along, math.pi / 2),
    }[picture.wall]
    half = (picture.width / 2, PICTURE_THICKNESS / 2, picture.height / 2)
    texture = Texture(name, picture.look)
    return Body(name, (Part("box", half),), (x, y, picture.z), texture, yaw, tangible=False)


def _solids(room: Room) -> tuple[Body, ...]:
    """The things, in the room's order."""
    return tuple(_solid(solid, solid_name(index)) for index, solid in enumerate(room.objects))


def _solid(solid: Solid, name: str) -> Body:
    at = (solid.x, solid.y, 0.0)
    movable = solid.shape == "ball"
    return Body(name, parts_of(solid), at, solid.rgb, solid.yaw, movable)


def _aim(light: Light) -> Vector:
    """A lamp at the ceiling shines down, one at a window across the room."""
    if light.z > WALL_HEIGHT:
        return -0.15 * light.x, -0.15 * light.y, -1.0
    return -light.x, -light.y, -light.z
