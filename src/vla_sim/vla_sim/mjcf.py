# SPDX-License-Identifier: Apache-2.0
"""A room and the robot as MJCF, MuJoCo's model format."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from vla_sim.robot import CAMERA, ROBOT, Camera, Robot
from vla_sim.room import WALL_HEIGHT, Look, Room
from vla_sim.scene import Body, cone_vertices, floor_size, solids, walls
from vla_sim.xml import add

TIMESTEP_S = 0.004
BASE_BODY = "base"
CAMERA_NAME = "front"
FLOOR_GEOM = "floor"
ROBOT_COLLISION_GEOMS = ("chassis", "mast")
WHEEL_JOINTS = ("left_wheel", "right_wheel")
CASTER_GAP = 0.0005
"""[m] Between casters and floor, so that the wheels carry."""


def room_to_mjcf(room: Room, robot: Robot = ROBOT, camera: Camera = CAMERA) -> str:
    """The MJCF text of a room with the robot at its start."""
    root = ET.Element("mujoco", model=f"room_{room.split}_{room.seed}")
    add(root, "compiler", angle="radian", autolimits="true")
    add(root, "option", timestep=TIMESTEP_S, integrator="implicitfast", cone="elliptic")
    visual = add(root, "visual")
    add(visual, "global", offwidth=camera.width, offheight=camera.height)
    # A full-size shadow map and multisampling cost three times the frame on a CPU renderer.
    add(visual, "quality", shadowsize=256, offsamples=0)
    add(visual, "map", znear=0.002, zfar=20)
    ambient = room.light.ambient
    add(visual, "headlight", ambient=[ambient] * 3, diffuse=[0.15] * 3, specular=[0, 0, 0])
    asset = add(root, "asset")
    world = add(root, "worldbody")
    _add_light(world, room)
    _add_shell(asset, world, room)
    for solid in solids(room):
        _add_body(asset, world, solid, rgba=[*solid.rgb, 1.0])
    _add_robot(world, room, robot, camera)
    actuator = add(root, "actuator")
    for joint in WHEEL_JOINTS:
        add(
            actuator,
            "velocity",
            name=joint,
            joint=joint,
            kv=10.0,
            forcerange=[-10, 10],
            ctrllimited="false",
        )
    return ET.tostring(root, encoding="unicode")


def _add_light(world: ET.Element, room: Room) -> None:
    light = room.light
    add(
        world,
        "light",
        pos=[light.x, light.y, WALL_HEIGHT + 0.5],
        dir=[-0.15 * light.x, -0.15 * light.y, -1],
        diffuse=[light.diffuse] * 3,
        specular=[0.1] * 3,
        castshadow=str(light.shadow).lower(),
        cutoff=85,
        exponent=1,
    )


def _add_shell(asset: ET.Element, world: ET.Element, room: Room) -> None:
    _add_surface(asset, "floor", room.floor, repeat=room.floor.repeat)
    _add_surface(asset, "wall", room.wall, repeat=1.0)
    width, depth = floor_size(room)
    add(
        world,
        "geom",
        name=FLOOR_GEOM,
        type="plane",
        size=[width / 2, depth / 2, 0.1],
        material="floor",
        friction=[1.0, 0.005, 0.0001],
    )
    for wall in walls(room):
        _add_body(asset, world, wall, material="wall")


def _add_surface(asset: ET.Element, name: str, look: Look, repeat: float) -> None:
    builtin = {"plain": "flat", "checker": "checker", "speckle": "flat", "gradient": "gradient"}
    marks = {"mark": "random", "random": 0.04, "markrgb": look.rgb2}
    add(
        asset,
        "texture",
        name=name,
        type="2d",
        builtin=builtin[look.pattern],
        rgb1=look.rgb1,
        rgb2=look.rgb2,
        width=128,
        height=128,
        **(marks if look.pattern == "speckle" else {}),
    )
    add(
        asset,
        "material",
        name=name,
        texture=name,
        texrepeat=[repeat, repeat],
        texuniform="false",
        specular=0.1,
        shininess=0.1,
    )


def _add_body(asset: ET.Element, world: ET.Element, body: Body, **looks: object) -> None:
    x, y, z = body.centre
    radius, half = body.size[0] / 2, body.size[2] / 2
    if body.kind == "cone":
        vertices = [value for vertex in cone_vertices(radius, 2 * half) for value in vertex]
        add(asset, "mesh", name=body.name, vertex=vertices)
        shape: dict[str, object] = {"type": "mesh", "mesh": body.name, "pos": [x, y, 0]}
    else:
        sizes = {
            "sphere": [radius],
            "cylinder": [radius, half],
            "box": [side / 2 for side in body.size],
        }
        shape = {"type": body.kind, "pos": [x, y, z], "size": sizes[body.kind]}
    if body.yaw:
        shape["euler"] = [0, 0, body.yaw]
    add(world, "geom", name=body.name, **shape, **looks)


def _add_robot(world: ET.Element, room: Room, robot: Robot, camera: Camera) -> None:
    start = room.start
    base = add(
        world,
        "body",
        name=BASE_BODY,
        pos=[start.x, start.y, 0],
        euler=[0, 0, start.yaw],
    )
    add(base, "freejoint", name="base")
    middle = robot.ground_clearance + robot.body_height / 2
    add(
        base,
        "geom",
        name="chassis",
        type="cylinder",
        pos=[0, 0, middle],
        size=[robot.radius, robot.body_height / 2],
        mass=robot.body_mass,
        rgba=[*robot.body_rgb, 1],
    )
    add(
        base,
        "geom",
        name="mast",
        type="capsule",
        fromto=[0, 0, robot.body_top, 0, 0, robot.mast_height],
        size=[robot.mast_radius],
        mass=robot.mast_mass,
        rgba=[*robot.body_rgb, 1],
    )
    for name, side in zip(WHEEL_JOINTS, (1, -1), strict=True):
        wheel = add(base, "body", name=name, pos=[0, side * robot.track / 2, robot.wheel_radius])
        add(wheel, "joint", name=name, axis=[0, 1, 0], damping=0.01, armature=0.005)
        add(
            wheel,
            "geom",
            type="cylinder",
            size=[robot.wheel_radius, robot.wheel_width / 2],
            euler=[math.pi / 2, 0, 0],
            mass=robot.wheel_mass,
            friction=[1.2, 0.005, 0.0001],
            rgba=[*robot.wheel_rgb, 1],
        )
    for x in (robot.caster_x, -robot.caster_x):
        # A caster is a ball that slides: it carries weight and steers nothing.
        add(
            base,
            "geom",
            type="sphere",
            pos=[x, 0, robot.caster_radius + CASTER_GAP],
            size=[robot.caster_radius],
            mass=robot.caster_mass,
            friction=[0.01, 0.001, 0.0001],
            priority=1,
            condim=3,
        )
    pitch = math.radians(camera.pitch_deg)
    # The camera's own axes: x to the right, y up, looking along -z.
    add(
        base,
        "camera",
        name=CAMERA_NAME,
        pos=[camera.x, 0, camera.z],
        xyaxes=[0, -1, 0, math.sin(pitch), 0, math.cos(pitch)],
        fovy=camera.fovy_deg,
    )
