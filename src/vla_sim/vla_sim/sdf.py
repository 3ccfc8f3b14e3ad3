# SPDX-License-Identifier: Apache-2.0
"""A room and the robot as SDF, Gazebo's world format."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from vla_sim.robot import CAMERA, LIDAR, ROBOT, Camera, Lidar, Robot
from vla_sim.room import WALL_HEIGHT, Room
from vla_sim.scene import Body, floor_size, solids, walls
from vla_sim.sdf_robot import add_robot
from vla_sim.surface import CONE_FILE, FLOOR_FILE, WALL_FILE, cone_mesh, draw_surface
from vla_sim.xml import add

SDF_VERSION = "1.9"
"""What Gazebo Harmonic and Jetty read, and the newest that SDFormat 12 checks."""

WORLD_FILE = "world.sdf"
STEP_S = 0.002

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
    folder.mkdir(parents=True, exist_ok=True)
    draw_surface(room.floor, room.floor.repeat).save(folder / FLOOR_FILE)
    draw_surface(room.wall, 1.0).save(folder / WALL_FILE)
    (folder / CONE_FILE).write_text(cone_mesh(), encoding="utf-8")
    path = folder / WORLD_FILE
    path.write_text(room_to_sdf(room, robot), encoding="utf-8")
    return path


def room_to_sdf(
    room: Room, robot: Robot = ROBOT, camera: Camera = CAMERA, lidar: Lidar = LIDAR
) -> str:
    """The SDF text of a room with the robot at its start."""
    root = ET.Element("sdf", version=SDF_VERSION)
    world = add(root, "world", name=f"room_{room.split}_{room.seed}")
    physics = add(world, "physics", name="steps", type="ignored")
    add(physics, "max_step_size", STEP_S)
    add(physics, "real_time_factor", 1.0)
    for filename, name in SYSTEMS.items():
        plugin = add(world, "plugin", filename=filename, name=name)
        if name.endswith("Sensors"):
            add(plugin, "render_engine", "ogre2")
    _add_light(world, room)
    _add_floor(world, room)
    for wall in walls(room):
        _add_body(world, wall, texture=WALL_FILE)
    for solid in solids(room):
        _add_body(world, solid)
    add_robot(world, room.start, robot, camera, lidar)
    ET.indent(root)
    return '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_light(world: ET.Element, room: Room) -> None:
    light = room.light
    scene = add(world, "scene")
    add(scene, "ambient", [*[light.ambient] * 3, 1.0])
    add(scene, "background", [0.7, 0.7, 0.7, 1.0])
    add(scene, "shadows", light.shadow)
    lamp = add(world, "light", name="lamp", type="point")
    add(lamp, "pose", [light.x, light.y, WALL_HEIGHT + 0.5, 0.0, 0.0, 0.0])
    add(lamp, "diffuse", [*[light.diffuse] * 3, 1.0])
    add(lamp, "specular", [0.1, 0.1, 0.1, 1.0])
    add(lamp, "cast_shadows", light.shadow)
    attenuation = add(lamp, "attenuation")
    add(attenuation, "range", 20.0)
    add(attenuation, "constant", 1.0)
    add(attenuation, "linear", 0.0)
    add(attenuation, "quadratic", 0.0)


def _add_floor(world: ET.Element, room: Room) -> None:
    link = _fixed_model(world, "floor", [0.0] * 6)
    for kind in ("collision", "visual"):
        element = add(link, kind, name=kind)
        plane = add(add(element, "geometry"), "plane")
        add(plane, "normal", [0, 0, 1])
        add(plane, "size", list(floor_size(room)))
        if kind == "visual":
            _add_texture(element, FLOOR_FILE)


def _add_body(world: ET.Element, body: Body, texture: str = "") -> None:
    link = _fixed_model(world, body.name, [*body.centre, 0.0, 0.0, body.yaw])
    for kind in ("collision", "visual"):
        element = add(link, kind, name=kind)
        if body.kind == "cone":  # a mesh stands on its origin
            add(element, "pose", [0.0, 0.0, -body.size[2] / 2, 0.0, 0.0, 0.0])
        _add_geometry(element, body)
        if kind == "collision":
            continue
        if texture:
            _add_texture(element, texture)
        else:
            _add_colour(element, body.rgb)


def _fixed_model(world: ET.Element, name: str, pose: list[float]) -> ET.Element:
    model = add(world, "model", name=name)
    add(model, "static", True)
    add(model, "pose", pose)
    return add(model, "link", name="link")


def _add_geometry(parent: ET.Element, body: Body) -> None:
    shape = add(add(parent, "geometry"), "mesh" if body.kind == "cone" else body.kind)
    radius, height = body.size[0] / 2, body.size[2]
    if body.kind == "box":
        add(shape, "size", list(body.size))
    elif body.kind == "sphere":
        add(shape, "radius", radius)
    elif body.kind == "cylinder":
        add(shape, "radius", radius)
        add(shape, "length", height)
    else:
        add(shape, "uri", CONE_FILE)
        add(shape, "scale", [radius, radius, height])


def _add_colour(visual: ET.Element, rgb: tuple[float, float, float]) -> None:
    material = add(visual, "material")
    add(material, "ambient", [*rgb, 1.0])
    add(material, "diffuse", [*rgb, 1.0])
    add(material, "specular", [0.1, 0.1, 0.1, 1.0])


def _add_texture(visual: ET.Element, file: str) -> None:
    material = add(visual, "material")
    add(material, "ambient", [1.0] * 4)
    add(material, "diffuse", [1.0] * 4)
    add(material, "specular", [0.1, 0.1, 0.1, 1.0])
    metal = add(add(material, "pbr"), "metal")
    add(metal, "albedo_map", file)
    add(metal, "roughness", 0.9)
    add(metal, "metalness", 0.0)
