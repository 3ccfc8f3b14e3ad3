# SPDX-License-Identifier: Apache-2.0
"""A room and the robot as SDF, Gazebo's world format."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

from vla_sim.mesh import hull_obj
from vla_sim.robot import CAMERA, LIDAR, ROBOT, Camera, Lidar, Robot
from vla_sim.room import Room
from vla_sim.scene import Body, Scene, Texture, Vector, scene_of
from vla_sim.sdf_robot import add_inertia, add_robot
from vla_sim.shapes import Part
from vla_sim.texture import texture_png
from vla_sim.xml import Document, add

SDF_VERSION = "1.9"
"""What Gazebo Harmonic and Jetty read, and the newest that SDFormat 12 checks."""

WORLD_FILE = "world.sdf"
STEP_S = 0.002
LAMP_RAD = 2.967
"""Of the cone of light: 85 degrees to each side."""
DENSITY = 500.0
"""[kg/m^3] Of what can be moved: of wood, so that the robot does not push it away."""

SYSTEMS = {
    "gz-sim-physics-system": "gz::sim::systems::Physics",
    "gz-sim-user-commands-system": "gz::sim::systems::UserCommands",
    "gz-sim-scene-broadcaster-system": "gz::sim::systems::SceneBroadcaster",
    "gz-sim-sensors-system": "gz::sim::systems::Sensors",
}


def write_world(room: Room, folder: Path, robot: Robot = ROBOT) -> Path:
    """Write the world of a room with the files that it refers to; gives the world's path.

    Args:
        room: what to write.
        folder: where to; it is made.
        robot: that stands at the room's start.
    """
    world = room_to_sdf(room, robot)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in world.files.items():
        (folder / name).write_bytes(content)
    path = folder / WORLD_FILE
    path.write_text(world.xml, encoding="utf-8")
    return path


def room_to_sdf(
    room: Room, robot: Robot = ROBOT, camera: Camera = CAMERA, lidar: Lidar = LIDAR
) -> Document:
    """The SDF of a room with the robot at its start.

    Bodies are called as in `vla_sim.scene`; those that are movable lie loose.
    """
    scene = scene_of(room)
    root = ET.Element("sdf", version=SDF_VERSION)
    world = add(root, "world", name=scene.name)
    physics = add(world, "physics", name="steps", type="ignored")
    add(physics, "max_step_size", STEP_S)
    add(physics, "real_time_factor", 1.0)
    for filename, name in SYSTEMS.items():
        plugin = add(world, "plugin", filename=filename, name=name)
        if name.endswith("Sensors"):
            add(plugin, "render_engine", "ogre2")
    _add_light(world, scene)
    for body in scene.bodies:
        _add_body(world, body)
    add_robot(world, room.start, robot, camera, lidar)
    ET.indent(root)
    text = '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
    return Document(text, _files(scene))


def _files(scene: Scene) -> dict[str, bytes]:
    # Gazebo draws a picture once on what it covers: what repeats does so in the picture.
    pictures = {
        _picture_file(texture): texture_png(texture.look, texture.repeat)
        for texture in scene.textures
    }
    hulls = {
        _mesh_file(_part_name(body, index)): hull_obj(part)
        for body in scene.bodies
        for index, part in enumerate(body.parts)
        if part.kind == "hull"
    }
    return {**pictures, **hulls}


def _picture_file(texture: Texture) -> str:
    return f"{texture.name}.png"


def _mesh_file(part: str) -> str:
    return f"{part}.obj"


def _part_name(body: Body, index: int) -> str:
    return f"{body.name}_{index}"


def _add_light(world: ET.Element, scene: Scene) -> None:
    light = scene.light
    around = add(world, "scene")
    add(around, "ambient", [*light.tinted(light.ambient), 1.0])
    add(around, "background", [0.7, 0.7, 0.7, 1.0])
    add(around, "shadows", light.shadow)
    lamp = add(world, "light", name="lamp", type="spot")
    add(lamp, "pose", [light.x, light.y, light.z, 0.0, 0.0, 0.0])
    add(lamp, "direction", scene.aim)
    add(lamp, "diffuse", [*light.tinted(light.diffuse), 1.0])
    add(lamp, "specular", [0.1, 0.1, 0.1, 1.0])
    add(lamp, "cast_shadows", light.shadow)
    spot = add(lamp, "spot")
    add(spot, "inner_angle", 0.0)
    add(spot, "outer_angle", LAMP_RAD)
    add(spot, "falloff", 1.0)
    attenuation = add(lamp, "attenuation")
    add(attenuation, "range", 20.0)
    add(attenuation, "constant", 1.0)
    add(attenuation, "linear", 0.0)
    add(attenuation, "quadratic", 0.0)


def _add_body(world: ET.Element, body: Body) -> None:
    model = add(world, "model", name=body.name)
    add(model, "static", not body.movable)
    add(model, "pose", [*body.at, 0.0, 0.0, body.yaw])
    link = add(model, "link", name="link")
    if body.movable:
        _add_weight(link, body.parts[0])
    for index, part in enumerate(body.parts):
        name = _part_name(body, index)
        if body.tangible:
            _add_part(link, "collision", name, part)
        _add_coat(_add_part(link, "visual", name, part), body.coat)


def _add_weight(link: ET.Element, ball: Part) -> None:
    (radius,) = ball.size
    mass = DENSITY * 4 / 3 * math.pi * radius**3
    add_inertia(link, mass, (0.4 * mass * radius**2,) * 3, height=ball.at[2])


def _add_part(link: ET.Element, kind: str, name: str, part: Part) -> ET.Element:
    element = add(link, kind, name=f"{name}_{kind}")
    add(element, "pose", [*part.at, part.roll, 0.0, 0.0])
    geometry = add(element, "geometry")
    shape = add(geometry, "mesh" if part.kind == "hull" else part.kind)
    if part.kind == "plane":
        add(shape, "normal", [0, 0, 1])
        add(shape, "size", [2 * half for half in part.size])
    elif part.kind == "box":
        add(shape, "size", [2 * half for half in part.size])
    elif part.kind == "hull":
        add(shape, "uri", _mesh_file(name))
    else:
        add(shape, "radius", part.size[0])
        if part.kind != "sphere":
            add(shape, "length", 2 * part.size[1])
    return element


def _add_coat(visual: ET.Element, coat: Vector | Texture) -> None:
    material = add(visual, "material")
    colour = [1.0] * 4 if isinstance(coat, Texture) else [*coat, 1.0]
    add(material, "ambient", colour)
    add(material, "diffuse", colour)
    add(material, "specular", [0.1, 0.1, 0.1, 1.0])
    if isinstance(coat, Texture):
        metal = add(add(material, "pbr"), "metal")
        add(metal, "albedo_map", _picture_file(coat))
        add(metal, "roughness", 0.9)
        add(metal, "metalness", 0.0)
