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
from vla_sim.splits import held_out_side, train_side

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.07, 0.07),
    "orange": (1.00, 0.45, 0.02),
    "yellow": (0.95, 0.86, 0.08),
    "green": (0.08, 0.60, 0.14),
    "blue": (0.06, 0.22, 0.88),
    "purple": (0.50, 0.10, 0.68),
}
"""Names of the colours that sentences use, and their sRGB values."""

SHAPES = ("box", "ball", "cylinder", "cone")
"""Names of the shapes that sentences use."""

OTHER_COLOURS: dict[str, tuple[float, float, float]] = {
    "white": (0.92, 0.92, 0.92),
    "grey": (0.42, 0.43, 0.45),
    "brown": (0.42, 0.26, 0.13),
}
"""Colours that only distractors have."""

WALL_HEIGHT = 2.5
WALL_NAMES = ("north", "south", "east", "west")
CLEARANCE_BETWEEN = 1.4
"""[m] Between the centres of two solids, so that the robot fits between any two."""
CROWDED = 7
"""Solids from which on they stand closer, in a larger room."""
CLEARANCE_CROWDED = 1.15
CLEARANCE_WALL = 0.35
CLEARANCE_START = 0.75


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
    """How a surface is drawn: a pattern of `vla_sim.texture`, its two colours and its seed."""

    pattern: str
    rgb1: tuple[float, float, float]
    rgb2: tuple[float, float, float]
    repeat: float = 4.0
    seed: int = 0


@dataclass(frozen=True)
class Picture:
    """A picture on a wall.

    Attributes:
        wall: one of `WALL_NAMES`; north is the wall of greatest y, east that of greatest x.
        along: its middle, along the wall's own axis (x or y) [m].
        z: height of its middle [m].
    """

    wall: str
    along: float
    z: float
    width: float
    height: float
    look: Look


@dataclass(frozen=True)
class Light:
    """A lamp, aimed at the floor's middle region, and the light from all around.

    Attributes:
        x, y, z: where the lamp hangs [m].
        diffuse, ambient: strength of the lamp and of the light from all around, 0 to 1.
        rgb: tint of both.
    """

    x: float
    y: float
    diffuse: float
    ambient: float
    shadow: bool
    z: float = WALL_HEIGHT + 0.5
    rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def tinted(self, strength: float) -> tuple[float, float, float]:
        """Its tint at a strength, 0 to 1."""
        red, green, blue = self.rgb
        return strength * red, strength * green, strength * blue


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
    pictures: tuple[Picture, ...] = ()

    @property
    def things(self) -> tuple[Solid, ...]:
        """The solids that a sentence can name; the others are distractors."""
        return tuple(s for s in self.objects if s.shape in SHAPES and s.colour in COLOURS)

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
            fields["light"] = Light(
                **{**fields["light"], "rgb": tuple(fields["light"].get("rgb", (1.0, 1.0, 1.0)))}
            )
            fields["pictures"] = tuple(
                Picture(**{**picture, "look": _look(picture["look"])})
                for picture in fields.get("pictures", ())
            )
            fields["objects"] = tuple(
                Solid(**{**solid, "rgb": tuple(solid["rgb"])}) for solid in fields["objects"]
            )
            fields["start"] = Pose(*fields["start"])
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise RoomError(f"this is not the description of a room: {error}") from error


@dataclass(frozen=True)
class Scenery:
    """What the rooms of a split are drawn from.

    Attributes:
        pairs: (colour, shape) of things that sentences name.
        things: least and greatest number of them in a room.
        must_hold: pairs of which each room holds one at least; none where empty.
        distractor_shapes: shapes that no instruction of the benchmark names.
        distractors: chance of 0, 1, 2 ... of them.
        floors, walls, pictures: patterns.
        lights: kinds of light, see `_draw_light`.
    """

    pairs: tuple[tuple[str, str], ...]
    things: tuple[int, int]
    distractor_shapes: tuple[str, ...]
    distractors: tuple[float, ...]
    floors: tuple[str, ...]
    walls: tuple[str, ...]
    pictures: tuple[str, ...]
    lights: tuple[str, ...]
    must_hold: tuple[tuple[str, str], ...] = ()


def _sceneries() -> dict[str, Scenery]:
    train, held_out = train_side(), held_out_side()
    seen = Scenery(
        pairs=train.pairs,
        things=(3, 6),
        distractor_shapes=train.distractor_shapes,
        distractors=(0.5, 0.2, 0.2, 0.1),
        floors=train.floors,
        walls=train.walls,
        pictures=train.pictures,
        lights=train.lights,
    )
    return {
        # Fuller than those that are judged: whoever finds its way in these, does in the others.
        "train": dataclasses.replace(seen, distractors=(0.32, 0.16, 0.16, 0.12, 0.1, 0.08, 0.06)),
        **dict.fromkeys(("validation", "demo", "seen"), seen),
        "unseen": dataclasses.replace(
            seen, pairs=train.pairs + held_out.pairs, must_hold=held_out.pairs
        ),
        "distractors": dataclasses.replace(
            seen,
            things=(4, 6),
            distractor_shapes=held_out.distractor_shapes,
            distractors=(0.0, 0.0, 0.0, 0.0, 0.4, 0.3, 0.3),
        ),
        "backgrounds": dataclasses.replace(
            seen,
            floors=held_out.floors,
            walls=held_out.walls,
            pictures=held_out.pictures,
            lights=held_out.lights,
        ),
    }


SCENERIES = _sceneries()
SPLITS = tuple(SCENERIES)
"""Families of rooms; rooms of two splits are never drawn from the same random stream."""


def generate_room(seed: int, split: str = "demo") -> Room:
    """The room of a seed: size, looks, light, what stands in it, and the robot's start.

    Raises:
        RoomError: the split is unknown or the seed negative.
    """
    if split not in SCENERIES:
        raise RoomError(f"unknown split {split!r}: expected one of {', '.join(SPLITS)}")
    if seed < 0:
        raise RoomError(f"a seed must be >= 0 (got {seed})")
    for attempt in range(1000):
        # Crowded draws are thrown away; the attempt is part of the seed, so the room is not.
        rng = np.random.default_rng([zlib.crc32(split.encode()), seed, attempt])
        room = _draw(rng, seed, split, SCENERIES[split])
        if room is not None:
            return room
    raise RoomError(f"no room could be drawn for seed {seed} of split {split!r}")


def _draw(rng: np.random.Generator, seed: int, split: str, scenery: Scenery) -> Room | None:
    kinds = _draw_kinds(rng, scenery)
    crowded = len(kinds) > CROWDED
    width, depth = rng.uniform(5.6 if crowded else 4.6, 6.6, size=2)
    objects = _place(rng, width, depth, kinds, CLEARANCE_CROWDED if crowded else CLEARANCE_BETWEEN)
    if objects is None:
        return None
    room = Room(
        seed=seed,
        split=split,
        width=float(width),
        depth=float(depth),
        floor=_draw_look(rng, scenery.floors, brightness=(0.25, 0.8)),
        wall=_draw_look(rng, scenery.walls, brightness=(0.45, 0.95)),
        light=_draw_light(rng, _choose(rng, scenery.lights), width, depth),
        objects=objects,
        start=Pose(0.0, 0.0, 0.0),
        pictures=_draw_pictures(rng, scenery.pictures, width, depth),
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


def _draw_kinds(rng: np.random.Generator, scenery: Scenery) -> list[tuple[str, str]]:
    """Colours and shapes of what stands in the room, no two alike in both."""
    count = int(rng.integers(scenery.things[0], scenery.things[1] + 1))
    held = scenery.must_hold
    chosen = [held[int(rng.integers(len(held)))]] if held else []
    others = [pair for pair in scenery.pairs if pair not in chosen]
    picks = rng.choice(len(others), size=count - len(chosen), replace=False)
    chosen += [others[int(index)] for index in picks]
    strange = [
        (colour, shape)
        for colour in (*COLOURS, *OTHER_COLOURS)
        for shape in scenery.distractor_shapes
    ]
    number = int(rng.choice(len(scenery.distractors), p=scenery.distractors))
    picks = rng.choice(len(strange), size=number, replace=False)
    return chosen + [strange[int(index)] for index in picks]


def _place(
    rng: np.random.Generator,
    width: float,
    depth: float,
    kinds: list[tuple[str, str]],
    clearance: float,
) -> tuple[Solid, ...] | None:
    placed: list[Solid] = []
    for colour, shape in kinds:
        solid = _draw_solid(rng, colour, shape)
        spot = _draw_spot(rng, width, depth, solid.radius, placed, clearance)
        if spot is None:
            return None
        placed.append(dataclasses.replace(solid, x=spot[0], y=spot[1]))
    return tuple(placed)


def _draw_spot(
    rng: np.random.Generator,
    width: float,
    depth: float,
    radius: float,
    placed: list[Solid],
    clearance: float,
) -> tuple[float, float] | None:
    margin = radius + CLEARANCE_WALL
    for _ in range(200):
        x = float(rng.uniform(-width / 2 + margin, width / 2 - margin))
        y = float(rng.uniform(-depth / 2 + margin, depth / 2 - margin))
        if all(math.hypot(x - s.x, y - s.y) >= clearance for s in placed):
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
    named = COLOURS.get(colour) or OTHER_COLOURS[colour]
    rgb = np.clip(np.array(named) * rng.uniform(0.88, 1.08, size=3), 0.0, 1.0)
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
    pattern = _choose(rng, patterns)
    # Floors and walls stay pale: a strong colour belongs to the things that sentences name.
    base = rng.uniform(*brightness) * (1.0 + rng.uniform(-0.15, 0.15, size=3))
    other = base * rng.uniform(0.6, 0.95) * (1.0 + rng.uniform(-0.08, 0.08, size=3))
    return Look(
        pattern=pattern,
        rgb1=_rgb(np.clip(base, 0.0, 1.0)),
        rgb2=_rgb(np.clip(other, 0.0, 1.0)),
        repeat=float(rng.uniform(2.0, 8.0)),
        seed=int(rng.integers(2**31)),
    )


def _draw_light(rng: np.random.Generator, kind: str, width: float, depth: float) -> Light:
    light = Light(
        x=float(rng.uniform(-width / 4, width / 4)),
        y=float(rng.uniform(-depth / 4, depth / 4)),
        diffuse=float(rng.uniform(0.35, 0.7)),
        ambient=float(rng.uniform(0.25, 0.5)),
        shadow=bool(rng.random() < 0.5),
        rgb=_rgb(np.clip(1.0 + rng.uniform(-0.06, 0.06, size=3), 0.0, 1.0)),
    )
    if kind == "ceiling":
        return light
    if kind == "lamp":
        return dataclasses.replace(
            light,
            x=float(rng.uniform(-0.4, 0.4)) * width,
            y=float(rng.uniform(-0.4, 0.4)) * depth,
            z=float(rng.uniform(2.2, 3.0)),
            diffuse=float(rng.uniform(0.32, 0.8)),
            ambient=float(rng.uniform(0.24, 0.5)),
            rgb=_rgb(np.clip(1.0 + rng.uniform(-0.16, 0.1, size=3), 0.0, 1.0)),
        )
    if kind == "dim":
        return dataclasses.replace(
            light, diffuse=float(rng.uniform(0.2, 0.3)), ambient=float(rng.uniform(0.16, 0.22))
        )
    if kind == "warm":
        return dataclasses.replace(
            light, rgb=(1.0, float(rng.uniform(0.82, 0.9)), float(rng.uniform(0.65, 0.78)))
        )
    if kind == "window":
        side = float(rng.choice([-1.0, 1.0]))
        return dataclasses.replace(
            light,
            x=side * (width / 2 - 0.3),
            z=1.9,
            diffuse=float(rng.uniform(0.7, 0.9)),
            ambient=float(rng.uniform(0.2, 0.3)),
            shadow=True,
        )
    raise RoomError(f"unknown light {kind!r}: expected ceiling, lamp, dim, warm or window")


def _draw_pictures(
    rng: np.random.Generator, patterns: tuple[str, ...], width: float, depth: float
) -> tuple[Picture, ...]:
    """Up to one picture on each wall."""
    pictures = []
    for wall in WALL_NAMES:
        half = (width if wall in ("north", "south") else depth) / 2
        look = Look(
            pattern=_choose(rng, patterns),
            rgb1=_rgb(rng.uniform(0.1, 0.95, size=3)),
            rgb2=_rgb(rng.uniform(0.1, 0.95, size=3)),
            repeat=1.0,
            seed=int(rng.integers(2**31)),
        )
        picture = Picture(
            wall=wall,
            along=float(rng.uniform(-half + 0.8, half - 0.8)),
            z=float(rng.uniform(0.9, 1.6)),
            width=float(rng.uniform(0.5, 1.2)),
            height=float(rng.uniform(0.4, 0.9)),
            look=look,
        )
        if rng.random() < 0.4:
            pictures.append(picture)
    return tuple(pictures)


def _choose(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]


def _look(values: Mapping[str, Any]) -> Look:
    return Look(**{**values, "rgb1": tuple(values["rgb1"]), "rgb2": tuple(values["rgb2"])})


def _rgb(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
