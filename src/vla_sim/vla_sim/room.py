# SPDX-License-Identifier: Apache-2.0
"""Rooms: plain data, and a generator that gives the same room for the same seed."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_sim.errors import RoomError
from vla_sim.geometry import Pose

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.07, 0.07),
    "orange": (1.00, 0.45, 0.02),
    "yellow": (0.95, 0.86, 0.08),
    "green": (0.08, 0.60, 0.14),
    "blue": (0.06, 0.22, 0.88),
    "purple": (0.50, 0.10, 0.68),
}
"""Names of the solids' colours and their sRGB values."""

SHAPES = ("box", "ball", "cylinder", "cone")

FLOORS = ("plain", "checker", "speckle")
WALLS = ("plain", "gradient")

WALL_HEIGHT = 2.5
CLEARANCE_BETWEEN = 1.4
"""[m] Between the centres of two solids, so that the robot fits between any two."""
CLEARANCE_WALL = 0.35
CLEARANCE_START = 0.75
SPLITS = ("train", "validation", "test", "demo")
"""Families of seeds; rooms of two splits are never drawn from the same random stream."""


@dataclass(frozen=True)
class Solid:
    """A coloured solid that stands on the floor.

    Attributes:
        radius: of the circle around its footprint [m].
        height: [m]
        yaw: its heading, which only a box shows [rad].
        rgb: its colour as drawn, a little off the name's own.
    """

    colour: str
    shape: str
    x: float
    y: float
    radius: float
    height: float
    yaw: float
    rgb: tuple[float, float, float]

    @property
    def name(self) -> str:
        """What a sentence calls it: 'red ball'."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True)
class Look:
    """How a surface is drawn: a pattern and its two colours."""

    pattern: str
    rgb1: tuple[float, float, float]
    rgb2: tuple[float, float, float]
    repeat: float = 4.0


@dataclass(frozen=True)
class Light:
    """The lamp under the ceiling and the light from all around."""

    x: float
    y: float
    diffuse: float
    ambient: float
    shadow: bool


@dataclass(frozen=True)
class Room:
    """A rectangular room around the origin, what stands in it, and where the robot starts."""

    seed: int
    split: str
    width: float
    depth: float
    floor: Look
    wall: Look
    light: Light
    objects: tuple[Solid, ...]
    start: Pose

    def find(self, colour: str, shape: str) -> Solid | None:
        """The solid of that colour and shape, or None."""
        for solid in self.objects:
            if (solid.colour, solid.shape) == (colour, shape):
                return solid
        return None

    def clearance(self, x: float, y: float) -> float:
        """Distance from a point to the nearest wall or solid [m]; negative inside one."""
        walls = min(self.width / 2 - abs(x), self.depth / 2 - abs(y))
        solids = (math.hypot(x - s.x, y - s.y) - s.radius for s in self.objects)
        return min(walls, *solids)

    def to_dict(self) -> dict[str, Any]:
        """The room as plain JSON values."""
        values = dataclasses.asdict(self)
        values["start"] = list(self.start)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Room:
        """The room that `to_dict` wrote.

        Raises:
            RoomError: a key is missing or unknown, or a value has the wrong type.
        """
        try:
            fields = dict(values)
            fields["floor"] = _look(fields["floor"])
            fields["wall"] = _look(fields["wall"])
            fields["light"] = Light(**fields["light"])
            fields["objects"] = tuple(
                Solid(**{**solid, "rgb": tuple(solid["rgb"])}) for solid in fields["objects"]
            )
            fields["start"] = Pose(*fields["start"])
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise RoomError(f"this is not the description of a room: {error}") from error


def generate_room(seed: int, split: str = "demo") -> Room:
    """The room of a seed: size, looks, light, three to six solids, and the robot's start.

    Raises:
        RoomError: the split is unknown or the seed negative.
    """
    if split not in SPLITS:
        raise RoomError(f"unknown split {split!r}: expected one of {', '.join(SPLITS)}")
    if seed < 0:
        raise RoomError(f"a seed must be >= 0 (got {seed})")
    for attempt in range(1000):
        # Crowded draws are thrown away; the attempt is part of the seed, so the room is not.
        rng = np.random.default_rng([zlib.crc32(split.encode()), seed, attempt])
        room = _draw(rng, seed, split)
        if room is not None:
            return room
    raise RoomError(f"no room could be drawn for seed {seed} of split {split!r}")


def _draw(rng: np.random.Generator, seed: int, split: str) -> Room | None:
    width, depth = rng.uniform(4.6, 6.6, size=2)
    objects = _draw_objects(rng, width, depth, count=int(rng.integers(3, 7)))
    if objects is None:
        return None
    room = Room(
        seed=seed,
        split=split,
        width=float(width),
        depth=float(depth),
        floor=_draw_look(rng, FLOORS, brightness=(0.25, 0.8)),
        wall=_draw_look(rng, WALLS, brightness=(0.45, 0.95)),
        light=Light(
            x=float(rng.uniform(-width / 4, width / 4)),
            y=float(rng.uniform(-depth / 4, depth / 4)),
            diffuse=float(rng.uniform(0.35, 0.7)),
            ambient=float(rng.uniform(0.25, 0.5)),
            shadow=bool(rng.random() < 0.5),
        ),
        objects=objects,
        start=Pose(0.0, 0.0, 0.0),
    )
    start = draw_pose(rng, room, CLEARANCE_START)
    return None if start is None else dataclasses.replace(room, start=start)


def draw_pose(rng: np.random.Generator, room: Room, clearance: float) -> Pose | None:
    """A random pose at least `clearance` metres from everything; None if none was found."""
    for _ in range(100):
        x = float(rng.uniform(-room.width / 2, room.width / 2))
        y = float(rng.uniform(-room.depth / 2, room.depth / 2))
        if room.clearance(x, y) >= clearance:
            return Pose(x, y, float(rng.uniform(-math.pi, math.pi)))
    return None


def _draw_objects(
    rng: np.random.Generator, width: float, depth: float, count: int
) -> tuple[Solid, ...] | None:
    kinds = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    chosen = rng.choice(len(kinds), size=count, replace=False)
    placed: list[Solid] = []
    for index in chosen:
        solid = _draw_solid(rng, *kinds[int(index)])
        spot = _draw_spot(rng, width, depth, solid.radius, placed)
        if spot is None:
            return None
        placed.append(dataclasses.replace(solid, x=spot[0], y=spot[1]))
    return tuple(placed)


def _draw_spot(
    rng: np.random.Generator, width: float, depth: float, radius: float, placed: list[Solid]
) -> tuple[float, float] | None:
    margin = radius + CLEARANCE_WALL
    for _ in range(200):
        x = float(rng.uniform(-width / 2 + margin, width / 2 - margin))
        y = float(rng.uniform(-depth / 2 + margin, depth / 2 - margin))
        if all(math.hypot(x - s.x, y - s.y) >= CLEARANCE_BETWEEN for s in placed):
            return x, y
    return None


def _draw_solid(rng: np.random.Generator, colour: str, shape: str) -> Solid:
    radius = float(rng.uniform(0.19, 0.25))
    height = float(rng.uniform(0.32, 0.5))
    if shape == "ball":
        height = 2 * radius
    elif shape == "box":
        # A box is as wide as it looks along its side; its corners reach further out.
        height = float(rng.uniform(1.3, 1.8)) * radius
        radius *= 1.25
    rgb = np.clip(np.array(COLOURS[colour]) * rng.uniform(0.88, 1.08, size=3), 0.0, 1.0)
    return Solid(
        colour=colour,
        shape=shape,
        x=0.0,
        y=0.0,
        radius=radius,
        height=height,
        yaw=float(rng.uniform(0, math.pi / 2)),
        rgb=_rgb(rgb),
    )


def _draw_look(
    rng: np.random.Generator, patterns: tuple[str, ...], brightness: tuple[float, float]
) -> Look:
    pattern = patterns[int(rng.integers(len(patterns)))]
    # Floors and walls stay pale: a strong colour belongs to the things that sentences name.
    base = rng.uniform(*brightness) * (1.0 + rng.uniform(-0.12, 0.12, size=3))
    other = base * rng.uniform(0.65, 0.95)
    return Look(
        pattern=pattern,
        rgb1=_rgb(np.clip(base, 0.0, 1.0)),
        rgb2=_rgb(np.clip(other, 0.0, 1.0)),
        repeat=float(rng.uniform(2.0, 8.0)),
    )


def _look(values: Mapping[str, Any]) -> Look:
    return Look(**{**values, "rgb1": tuple(values["rgb1"]), "rgb2": tuple(values["rgb2"])})


def _rgb(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
