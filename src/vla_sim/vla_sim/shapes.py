# SPDX-License-Identifier: Apache-2.0
"""What a solid is made of: primitive parts, the same for every simulator that draws it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vla_sim.room import Solid

CONE_SIDES = 24
RING_SEGMENTS = 12
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Part:
    """A primitive in the frame of its solid: z up, the origin on the floor.

    Attributes:
        kind: ``box``, ``sphere``, ``cylinder``, ``capsule`` (these two along z), ``hull`` or
            ``plane`` (level, looked at from above).
        size: half edges of a box or a plane; radius; radius and half length (of a capsule's
            straight part).
        at: the centre [m].
        roll: turn about x [rad].
        corners: of a convex hull, relative to `at` [m].
        faces: of a hull: each one's corners by index, counter-clockwise from outside.
    """

    kind: str
    size: tuple[float, ...] = ()
    at: Point = (0.0, 0.0, 0.0)
    roll: float = 0.0
    corners: tuple[Point, ...] = ()
    faces: tuple[tuple[int, ...], ...] = ()


def parts_of(solid: Solid) -> tuple[Part, ...]:
    """The parts of a solid.

    Raises:
        KeyError: its shape is none of `SHAPE_PARTS`.
    """
    return SHAPE_PARTS[solid.shape](solid.radius, solid.height)


def _box(radius: float, height: float) -> tuple[Part, ...]:
    side = radius / math.sqrt(2)
    return (Part("box", (side, side, height / 2), (0, 0, height / 2)),)


def _ball(radius: float, height: float) -> tuple[Part, ...]:
    return (Part("sphere", (radius,), (0, 0, radius)),)


def _cylinder(radius: float, height: float) -> tuple[Part, ...]:
    return (Part("cylinder", (radius, height / 2), (0, 0, height / 2)),)


def _cone(radius: float, height: float) -> tuple[Part, ...]:
    return (_pointed(height, _rim(radius, CONE_SIDES)),)


def _pyramid(radius: float, height: float) -> tuple[Part, ...]:
    return (_pointed(height, _rim(radius, 4)),)


def _diamond(radius: float, height: float) -> tuple[Part, ...]:
    return (_pointed(height, _rim(radius, 4, height / 2), below=True),)


def _capsule(radius: float, height: float) -> tuple[Part, ...]:
    thick = min(0.7 * radius, 0.45 * height)
    return (Part("capsule", (thick, height / 2 - thick), (0, 0, height / 2)),)


def _arch(radius: float, height: float) -> tuple[Part, ...]:
    beam, deep = 0.3 * radius, 0.3 * radius
    reach = 0.9 * radius
    post = (deep, beam / 2, (height - beam) / 2)
    return (
        Part("box", post, (0, reach - beam / 2, post[2])),
        Part("box", post, (0, -reach + beam / 2, post[2])),
        Part("box", (deep, reach, beam / 2), (0, 0, height - beam / 2)),
    )


def _stool(radius: float, height: float) -> tuple[Part, ...]:
    seat, leg, out = 0.07, 0.03, 0.6 * radius
    legs = tuple(
        Part("cylinder", (leg, (height - seat) / 2), (x, y, (height - seat) / 2))
        for x in (-out, out)
        for y in (-out, out)
    )
    return (Part("cylinder", (radius, seat / 2), (0, 0, height - seat / 2)), *legs)


def _ring(radius: float, height: float) -> tuple[Part, ...]:
    """Upright, in the plane of y and z."""
    thick = 0.22 * radius
    middle = min(radius, height / 2) - thick
    half = middle * math.tan(math.pi / RING_SEGMENTS)
    turns = (math.tau * i / RING_SEGMENTS for i in range(RING_SEGMENTS))
    return tuple(
        Part(
            "capsule",
            (thick, half),
            (0, middle * math.cos(turn), middle + thick + middle * math.sin(turn)),
            roll=turn,
        )
        for turn in turns
    )


def _cross(radius: float, height: float) -> tuple[Part, ...]:
    """An upright plus sign in the plane of y and z."""
    half = 0.28 * radius
    return (
        Part("box", (half, half, height / 2), (0, 0, height / 2)),
        Part("box", (half, radius, half), (0, 0, height / 2)),
    )


def _stairs(radius: float, height: float) -> tuple[Part, ...]:
    half, step = 0.65 * radius, 2 * 0.65 * radius / 3
    return tuple(
        Part(
            "box",
            (half, step / 2, height * (i + 1) / 6),
            (0, -half + step * (i + 0.5), height * (i + 1) / 6),
        )
        for i in range(3)
    )


def _pointed(height: float, rim: tuple[Point, ...], below: bool = False) -> Part:
    """A tip over a rim, and under it a flat bottom or a tip on the floor."""
    tips: tuple[Point, ...] = ((0, 0, height), (0, 0, 0)) if below else ((0, 0, height),)
    here = tuple(range(len(tips), len(tips) + len(rim)))
    sides = tuple(zip(here, here[1:] + here[:1], strict=True))
    upper = tuple((0, a, b) for a, b in sides)
    lower = tuple((1, b, a) for a, b in sides) if below else (here[::-1],)
    return Part("hull", corners=(*tips, *rim), faces=upper + lower)


def _rim(radius: float, sides: int, z: float = 0.0) -> tuple[Point, ...]:
    turns = (math.tau * i / sides for i in range(sides))
    return tuple((radius * math.cos(turn), radius * math.sin(turn), z) for turn in turns)


SHAPE_PARTS: dict[str, Callable[[float, float], tuple[Part, ...]]] = {
    "box": _box,
    "ball": _ball,
    "cylinder": _cylinder,
    "cone": _cone,
    "pyramid": _pyramid,
    "capsule": _capsule,
    "arch": _arch,
    "stool": _stool,
    "ring": _ring,
    "cross": _cross,
    "stairs": _stairs,
    "diamond": _diamond,
}
"""Parts of each shape for a radius of the footprint and a height [m]."""
