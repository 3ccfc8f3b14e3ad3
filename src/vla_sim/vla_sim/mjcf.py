# SPDX-License-Identifier: Apache-2.0
"""A room and the robot as MJCF, MuJoCo's model format."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from vla_sim.geometry import Pose
from vla_sim.robot import CAMERA, ROBOT, Camera, Robot
from vla_sim.room import Room
from vla_sim.scene import Body, Scene, Texture, scene_of
from vla_sim.shapes import Part
from vla_sim.texture import texture_png
from vla_sim.xml import Document, add

TIMESTEP_S = 0.004
BASE_BODY = "base"
CAMERA_NAME = "front"
ROBOT_COLLISION_GEOMS = ("chassis", "mast")
WHEEL_JOINTS = ("left_wheel", "right_wheel")
CASTER_GAP = 0.0005
"""[m] Between casters and floor, so that the wheels carry."""
GRID_M = 0.1
"""Spacing of the lines of a plane, which MuJoCo wants to know."""
HEADLIGHT = 0.15
"""Strength of the light that the camera carries."""


def room_to_mjcf(room: Room, robot: Robot = ROBOT, camera: Camera = CAMERA) -> Document:
    """The MJCF of a room with the robot at its start.

    Bodies are called as in `vla_sim.scene`; those that are movable can be moved (mocap).
    """
    scene = scene_of(room)
    root = ET.Element("mujoco", model=scene.name)
    add(root, "compiler", angle="radian", autolimits="true")
    add(root, "option", timestep=TIMESTEP_S, integrator="implicitfast", cone="elliptic")
    _add_visual(root, scene, camera)
    asset = add(root, "asset")
    world = add(root, "worldbody")
    _add_light(world, scene)
    for texture in scene.textures:
        _add_texture(asset, texture)
    for body in scene.bodies:
        _add_body(asset, world, body)
    _add_robot(world, room.start, robot, camera)
    _add_motors(root, robot)
    files = {_file(texture): texture_png(texture.look) for texture in scene.textures}
    return Document(ET.tostring(root, encoding="unicode"), files)


def _add_visual(root: ET.Element, scene: Scene, camera: Camera) -> None:
    visual = add(root, "visual")
    add(visual, "global", offwidth=camera.width, offheight=camera.height)
    # A full-size shadow map and multisampling cost three times the frame on a CPU renderer.
    add(visual, "quality", shadowsize=256, offsamples=0)
    add(visual, "map", znear=0.002, zfar=20)
    light = scene.light
    add(
        visual,
        "headlight",
        ambient=light.tinted(light.ambient),
        diffuse=light.tinted(HEADLIGHT),
        specular=[0, 0, 0],
    )


def _add_light(world: ET.Element, scene: Scene) -> None:
    light = scene.light
    add(
        world,
        "light",
        pos=[light.x, light.y, light.z],
        dir=scene.aim,
        diffuse=light.tinted(light.diffuse),
        specular=[0.1] * 3,
        castshadow=light.shadow,
        cutoff=85,
        exponent=1,
    )


def _file(texture: Texture) -> str:
    return f"{texture.name}.png"


def _add_texture(asset: ET.Element, texture: Texture) -> None:
    name = texture.name
    add(asset, "texture", name=name, type="2d", file=_file(texture))
    add(
        asset,
        "material",
        name=name,
        texture=name,
        texrepeat=[texture.repeat] * 2,
        texuniform="false",
        specular=0.1,
        shininess=0.1,
    )


def _add_body(asset: ET.Element, world: ET.Element, body: Body) -> None:
    looks: dict[str, object] = (
        {"material": body.coat.name}
        if isinstance(body.coat, Texture)
        else {"rgba": [*body.coat, 1.0]}
    )
    if not body.tangible:
        looks.update(contype=0, conaffinity=0)
    element = add(
        world, "body", name=body.name, pos=body.at, euler=[0, 0, body.yaw], mocap=body.movable
    )
    for index, part in enumerate(body.parts):
        _add_part(asset, element, part, f"{body.name}_{index}", looks)


def _add_part(
    asset: ET.Element, body: ET.Element, part: Part, name: str, looks: dict[str, object]
) -> None:
    if part.kind == "hull":
        add(asset, "mesh", name=name, vertex=[v for corner in part.corners for v in corner])
        add(body, "geom", name=name, type="mesh", mesh=name, pos=part.at, **looks)
        return
    size = (*part.size, GRID_M) if part.kind == "plane" else part.size
    turn = [part.roll, 0, 0]
    add(body, "geom", name=name, type=part.kind, pos=part.at, size=size, euler=turn, **looks)


def _add_motors(root: ET.Element, robot: Robot) -> None:
    actuator = add(root, "actuator")
    for joint in WHEEL_JOINTS:
        add(
            actuator,
            "velocity",
            name=joint,
            joint=joint,
            kv=5.0,
            forcerange=[-robot.max_wheel_torque, robot.max_wheel_torque],
            ctrllimited="false",
        )


def _add_robot(world: ET.Element, start: Pose, robot: Robot, camera: Camera) -> None:
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
        add(wheel, "joint", name=name, axis=[0, 1, 0], damping=0.01, armature=0.02)
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
