# SPDX-License-Identifier: Apache-2.0
"""A room and the robot as MJCF, MuJoCo's model format."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

from vla_sim.robot import CAMERA, ROBOT, Camera, Robot
from vla_sim.room import WALL_HEIGHT, Look, Picture, Room, Solid
from vla_sim.shapes import Part, parts_of
from vla_sim.texture import texture_png

TIMESTEP_S = 0.004
BASE_BODY = "base"
CAMERA_NAME = "front"
FLOOR_GEOM = "floor"
ROBOT_COLLISION_GEOMS = ("chassis", "mast")
WHEEL_JOINTS = ("left_wheel", "right_wheel")

WALL_THICKNESS = 0.1
PICTURE_THICKNESS = 0.02


@dataclass(frozen=True)
class Model:
    """MJCF text, and the files (by name) that it refers to."""

    xml: str
    files: dict[str, bytes]


def room_to_mjcf(room: Room, robot: Robot = ROBOT, camera: Camera = CAMERA) -> Model:
    """The MJCF of a room with the robot at its start.

    Each solid is a body of its own, ``solid0`` on, in the order of `Room.objects`; the balls
    can be moved (mocap).
    """
    root = ET.Element("mujoco", model=f"room_{room.split}_{room.seed}")
    _add(root, "compiler", angle="radian", autolimits="true")
    _add(root, "option", timestep=TIMESTEP_S, integrator="implicitfast", cone="elliptic")
    visual = _add(root, "visual")
    _add(visual, "global", offwidth=camera.width, offheight=camera.height)
    # A full-size shadow map and multisampling cost three times the frame on a CPU renderer.
    _add(visual, "quality", shadowsize=256, offsamples=0)
    _add(visual, "map", znear=0.002, zfar=20)
    light = room.light
    _add(
        visual,
        "headlight",
        ambient=_scaled(light.rgb, light.ambient),
        diffuse=_scaled(light.rgb, 0.15),
        specular=[0, 0, 0],
    )
    asset = _add(root, "asset")
    world = _add(root, "worldbody")
    files: dict[str, bytes] = {}
    _add_light(world, room)
    _add_shell(asset, world, room, files)
    for index, picture in enumerate(room.pictures):
        _add_picture(asset, world, room, picture, f"picture{index}", files)
    for index, solid in enumerate(room.objects):
        _add_solid(asset, world, solid, solid_body(index))
    _add_robot(world, room, robot, camera)
    actuator = _add(root, "actuator")
    for joint in WHEEL_JOINTS:
        _add(
            actuator,
            "velocity",
            name=joint,
            joint=joint,
            kv=10.0,
            forcerange=[-10, 10],
            ctrllimited="false",
        )
    return Model(ET.tostring(root, encoding="unicode"), files)


def solid_body(index: int) -> str:
    """Name of the body of the room's `index`-th solid."""
    return f"solid{index}"


def _add_light(world: ET.Element, room: Room) -> None:
    light = room.light
    _add(
        world,
        "light",
        pos=[light.x, light.y, light.z],
        dir=_aim(room),
        diffuse=_scaled(light.rgb, light.diffuse),
        specular=[0.1] * 3,
        castshadow=str(light.shadow).lower(),
        cutoff=85,
        exponent=1,
    )


def _aim(room: Room) -> list[float]:
    """A lamp at the ceiling shines down, one at a window across the room."""
    light = room.light
    if light.z > WALL_HEIGHT:
        return [-0.15 * light.x, -0.15 * light.y, -1.0]
    return [-light.x, -light.y, -light.z]


def _add_shell(asset: ET.Element, world: ET.Element, room: Room, files: dict[str, bytes]) -> None:
    _add_surface(asset, "floor", room.floor, room.floor.repeat, files)
    _add_surface(asset, "wall", room.wall, 1.0, files)
    half_w, half_d = room.width / 2, room.depth / 2
    _add(
        world,
        "geom",
        name=FLOOR_GEOM,
        type="plane",
        size=[half_w + 0.2, half_d + 0.2, 0.1],
        material="floor",
        friction=[1.0, 0.005, 0.0001],
    )
    t, h = WALL_THICKNESS / 2, WALL_HEIGHT / 2
    for name, x, y, sx, sy in (
        ("north", 0.0, half_d + t, half_w + 2 * t, t),
        ("south", 0.0, -half_d - t, half_w + 2 * t, t),
        ("east", half_w + t, 0.0, t, half_d),
        ("west", -half_w - t, 0.0, t, half_d),
    ):
        _add(
            world,
            "geom",
            name=f"wall_{name}",
            type="box",
            pos=[x, y, h],
            size=[sx, sy, h],
            material="wall",
        )


def _add_surface(
    asset: ET.Element, name: str, look: Look, repeat: float, files: dict[str, bytes]
) -> None:
    file = f"{name}.png"
    files[file] = texture_png(look.pattern, look.rgb1, look.rgb2, look.seed)
    _add(asset, "texture", name=name, type="2d", file=file)
    _add(
        asset,
        "material",
        name=name,
        texture=name,
        texrepeat=[repeat, repeat],
        texuniform="false",
        specular=0.1,
        shininess=0.1,
    )


def _add_picture(
    asset: ET.Element,
    world: ET.Element,
    room: Room,
    picture: Picture,
    name: str,
    files: dict[str, bytes],
) -> None:
    _add_surface(asset, name, picture.look, 1.0, files)
    half_w, half_d = room.width / 2, room.depth / 2
    x, y, turn = {
        "north": (picture.along, half_d, 0.0),
        "south": (picture.along, -half_d, 0.0),
        "east": (half_w, picture.along, math.pi / 2),
        "west": (-half_w, picture.along, math.pi / 2),
    }[picture.wall]
    _add(
        world,
        "geom",
        name=name,
        type="box",
        pos=[x, y, picture.z],
        euler=[0, 0, turn],
        size=[picture.width / 2, PICTURE_THICKNESS, picture.height / 2],
        material=name,
        contype=0,
        conaffinity=0,
    )


def _add_solid(asset: ET.Element, world: ET.Element, solid: Solid, name: str) -> None:
    movable = {"mocap": "true"} if solid.shape == "ball" else {}
    body = _add(
        world, "body", name=name, pos=[solid.x, solid.y, 0], euler=[0, 0, solid.yaw], **movable
    )
    for index, part in enumerate(parts_of(solid)):
        _add_part(asset, body, part, f"{name}_{index}", rgba=[*solid.rgb, 1.0])


def _add_part(
    asset: ET.Element, body: ET.Element, part: Part, name: str, rgba: list[float]
) -> None:
    if part.kind == "hull":
        _add(asset, "mesh", name=name, vertex=[v for corner in part.corners for v in corner])
        _add(body, "geom", name=name, type="mesh", mesh=name, pos=part.at, rgba=rgba)
        return
    _add(
        body,
        "geom",
        name=name,
        type=part.kind,
        pos=part.at,
        size=part.size,
        euler=[part.roll, 0, 0],
        rgba=rgba,
    )


def _scaled(rgb: tuple[float, float, float], factor: float) -> list[float]:
    return [factor * value for value in rgb]


def _add_robot(world: ET.Element, room: Room, robot: Robot, camera: Camera) -> None:
    start = room.start
    base = _add(
        world,
        "body",
        name=BASE_BODY,
        pos=[start.x, start.y, 0],
        euler=[0, 0, start.yaw],
    )
    _add(base, "freejoint", name="base")
    middle = robot.ground_clearance + robot.body_height / 2
    _add(
        base,
        "geom",
        name="chassis",
        type="cylinder",
        pos=[0, 0, middle],
        size=[robot.radius, robot.body_height / 2],
        mass=robot.body_mass,
        rgba=[0.2, 0.22, 0.25, 1],
    )
    _add(
        base,
        "geom",
        name="mast",
        type="capsule",
        fromto=[0, 0, robot.ground_clearance + robot.body_height, 0, 0, robot.mast_height],
        size=[0.02],
        mass=0.2,
        rgba=[0.2, 0.22, 0.25, 1],
    )
    for name, side in zip(WHEEL_JOINTS, (1, -1), strict=True):
        wheel = _add(base, "body", name=name, pos=[0, side * robot.track / 2, robot.wheel_radius])
        _add(wheel, "joint", name=name, axis=[0, 1, 0], damping=0.01, armature=0.005)
        _add(
            wheel,
            "geom",
            type="cylinder",
            size=[robot.wheel_radius, robot.wheel_width / 2],
            euler=[math.pi / 2, 0, 0],
            mass=0.3,
            friction=[1.2, 0.005, 0.0001],
            rgba=[0.05, 0.05, 0.05, 1],
        )
    for x in (0.13, -0.13):
        # A caster is a ball that slides: it carries weight and steers nothing.
        _add(
            base,
            "geom",
            type="sphere",
            pos=[x, 0, 0.0205],
            size=[0.02],
            mass=0.1,
            friction=[0.01, 0.001, 0.0001],
            priority=1,
            condim=3,
        )
    pitch = math.radians(camera.pitch_deg)
    # The camera's own axes: x to the right, y up, looking along -z.
    _add(
        base,
        "camera",
        name=CAMERA_NAME,
        pos=[camera.x, 0, camera.z],
        xyaxes=[0, -1, 0, math.sin(pitch), 0, math.cos(pitch)],
        fovy=camera.fovy_deg,
    )


def _add(parent: ET.Element, tag: str, **attributes: object) -> ET.Element:
    return ET.SubElement(parent, tag, {key: _text(value) for key, value in attributes.items()})


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return " ".join(_text(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
