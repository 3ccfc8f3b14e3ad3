# SPDX-License-Identifier: Apache-2.0
"""The SDF world of a room, beside the MuJoCo model of the same room."""

from __future__ import annotations

import math
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml
from PIL import Image

from vla_sim import topics
from vla_sim.mjcf import FLOOR_GEOM, room_to_mjcf
from vla_sim.robot import CAMERA, LIDAR, ROBOT
from vla_sim.room import SPLITS, generate_room
from vla_sim.scene import CONE_SIDES
from vla_sim.sdf import write_world
from vla_sim.surface import CONE_FILE, FLOOR_FILE, WALL_FILE

BRIDGE = Path(__file__).parents[2] / "vla_bringup" / "config" / "gazebo_bridge.yaml"
SEEDS = [(split, seed) for split in SPLITS for seed in range(3)]
TOLERANCE = 2e-5  # both formats are written with six digits

each_room = pytest.mark.parametrize("split, seed", SEEDS)


def numbers(element, path):
    text = element.findtext(path)
    assert text is not None, path
    return [float(word) for word in text.split()]


@pytest.fixture
def world(tmp_path):
    def written(split, seed):
        return ET.parse(write_world(generate_room(seed, split), tmp_path)).getroot().find("world")

    return written


def sdf_bodies(world):
    """Of each fixed body: kind, centre and size of its bounding box, yaw, colour or None."""
    found = {}
    for model in world.iter("model"):
        name = model.get("name")
        if name in ("robot", FLOOR_GEOM):
            continue
        visual, collision = model.find("link/visual"), model.find("link/collision")
        shape, solid = visual.find("geometry")[0], collision.find("geometry")[0]
        assert ET.tostring(shape) == ET.tostring(solid), "what is seen is what is hit"
        pose = numbers(model, "pose")
        found[name] = (*sdf_shape(shape), pose[:3], pose[5], sdf_colour(visual))
    return found


def sdf_shape(shape):
    if shape.tag == "box":
        return "box", numbers(shape, "size")
    if shape.tag == "mesh":
        return "cone", [2 * side for side in numbers(shape, "scale")[:2]] + [
            numbers(shape, "scale")[2]
        ]
    (radius,) = numbers(shape, "radius")
    length = 2 * radius if shape.tag == "sphere" else numbers(shape, "length")[0]
    return shape.tag, [2 * radius, 2 * radius, length]


def sdf_colour(visual):
    if visual.find("material/pbr") is not None:
        return None
    assert numbers(visual, "material/ambient") == numbers(visual, "material/diffuse")
    return numbers(visual, "material/diffuse")


def mujoco_bodies(split, seed):
    """The same of the compiled MuJoCo model."""
    model = mujoco.MjModel.from_xml_string(room_to_mjcf(generate_room(seed, split)))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    found = {}
    for index in range(model.ngeom):
        geom = model.geom(index)
        if geom.bodyid[0] == 0 and geom.name != FLOOR_GEOM:
            colour = None if geom.matid[0] >= 0 else geom.rgba
            kind, size, centre = mujoco_shape(model, data, index)
            rotation = data.geom_xmat[index].reshape(3, 3)
            yaw = 0.0 if kind == "cone" else math.atan2(rotation[1, 0], rotation[0, 0])
            found[geom.name] = (kind, size, centre, yaw, colour)
    return found


def mujoco_shape(model, data, index):
    geom = model.geom(index)
    centre = data.geom_xpos[index]
    if geom.type[0] == mujoco.mjtGeom.mjGEOM_MESH:
        # MuJoCo turns a mesh into its principal axes: its corners in the world tell the shape.
        first = model.mesh_vertadr[geom.dataid[0]]
        count = model.mesh_vertnum[geom.dataid[0]]
        corners = model.mesh_vert[first : first + count]
        corners = corners @ data.geom_xmat[index].reshape(3, 3).T + centre
        low, high = corners.min(axis=0), corners.max(axis=0)
        return "cone", high - low, (low + high) / 2
    size = geom.size
    if geom.type[0] == mujoco.mjtGeom.mjGEOM_BOX:
        return "box", 2 * size, centre
    if geom.type[0] == mujoco.mjtGeom.mjGEOM_SPHERE:
        return "sphere", [2 * size[0]] * 3, centre
    assert geom.type[0] == mujoco.mjtGeom.mjGEOM_CYLINDER
    return "cylinder", [2 * size[0], 2 * size[0], 2 * size[1]], centre


@each_room
def test_both_simulators_have_the_same_objects_poses_sizes_and_colours(world, split, seed):
    ours, theirs = sdf_bodies(world(split, seed)), mujoco_bodies(split, seed)
    assert set(ours) == set(theirs)
    for name, (kind, size, centre, yaw, colour) in ours.items():
        their_kind, their_size, their_centre, their_yaw, their_colour = theirs[name]
        assert kind == their_kind, name
        assert size == pytest.approx(list(their_size), abs=TOLERANCE), name
        assert centre == pytest.approx(list(their_centre), abs=TOLERANCE), name
        assert yaw == pytest.approx(their_yaw, abs=TOLERANCE), name
        assert (colour is None) == (their_colour is None), name
        if colour is not None:
            assert colour == pytest.approx(list(their_colour), abs=TOLERANCE), name


@each_room
def test_both_floors_have_the_same_size(world, split, seed):
    model = mujoco.MjModel.from_xml_string(room_to_mjcf(generate_room(seed, split)))
    plane = next(m for m in world(split, seed).iter("model") if m.get("name") == FLOOR_GEOM)
    assert numbers(plane, "link/visual/geometry/plane/size") == pytest.approx(
        list(2 * model.geom(FLOOR_GEOM).size[:2]), abs=TOLERANCE
    )


@each_room
def test_robot_starts_where_it_starts_in_mujoco(world, split, seed):
    model = mujoco.MjModel.from_xml_string(room_to_mjcf(generate_room(seed, split)))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    rotation = data.body("base").xmat.reshape(3, 3)
    robot = next(m for m in world(split, seed).iter("model") if m.get("name") == "robot")
    pose = numbers(robot, "pose")
    assert pose[:3] == pytest.approx(list(data.body("base").xpos), abs=TOLERANCE)
    assert pose[5] == pytest.approx(math.atan2(rotation[1, 0], rotation[0, 0]), abs=TOLERANCE)


@pytest.fixture
def robot(world):
    return next(m for m in world("demo", 0).iter("model") if m.get("name") == "robot")


def test_robot_weighs_what_it_weighs_in_mujoco(robot):
    model = mujoco.MjModel.from_xml_string(room_to_mjcf(generate_room(0)))
    masses = [float(mass.text) for mass in robot.iter("mass")]
    assert sum(masses) == pytest.approx(model.body("base").subtreemass[0], abs=1e-6)


def test_camera_sees_as_the_camera_of_mujoco(robot):
    lens = robot.find("link/sensor[@name='camera']/camera")
    (field,) = numbers(lens, "horizontal_fov")
    assert numbers(lens, "image/width") == [CAMERA.width]
    assert numbers(lens, "image/height") == [CAMERA.height]
    assert 0.5 * CAMERA.width / math.tan(field / 2) == pytest.approx(CAMERA.focal, rel=1e-5)
    pose = numbers(robot, "link/sensor[@name='camera']/pose")
    assert pose == pytest.approx(
        [CAMERA.x, 0, CAMERA.z, 0, math.radians(CAMERA.pitch_deg), 0], abs=TOLERANCE
    )


def test_scanner_turns_as_the_scanner_of_mujoco(robot):
    scan = robot.find("link/sensor[@name='base_scan']/lidar")
    low, high = (numbers(scan, f"scan/horizontal/{end}_angle")[0] for end in ("min", "max"))
    assert numbers(scan, "scan/horizontal/samples") == [LIDAR.rays]
    assert low == pytest.approx(LIDAR.angle_min, abs=TOLERANCE)
    assert (high - low) / (LIDAR.rays - 1) == pytest.approx(LIDAR.angle_increment, abs=1e-6)
    assert numbers(scan, "range/min") + numbers(scan, "range/max") == [
        LIDAR.range_min,
        LIDAR.range_max,
    ]


def test_driving_plugin_knows_the_wheels_and_the_limits(robot):
    plugin = robot.find("plugin")
    joints = {joint.get("name") for joint in robot.iter("joint")}
    assert {plugin.findtext("left_joint"), plugin.findtext("right_joint")} == joints
    assert numbers(plugin, "wheel_separation") == [ROBOT.track]
    assert numbers(plugin, "wheel_radius") == [ROBOT.wheel_radius]
    assert numbers(plugin, "max_linear_velocity") == [ROBOT.max_linear]
    assert numbers(plugin, "min_angular_acceleration") == [-ROBOT.max_angular_acceleration]


def test_bridge_carries_every_topic_of_the_robot(robot):
    bridged = {row["gz_topic_name"]: row for row in yaml.safe_load(BRIDGE.read_text())}
    sensors = {element.text for element in robot.iter("topic")}
    odometry = robot.findtext("plugin/odom_topic")
    # Gazebo puts the CameraInfo beside the image.
    assert set(bridged) == sensors | {odometry, f"/{topics.CAMERA_INFO}", topics.CLOCK}
    for name, row in bridged.items():
        assert row["ros_topic_name"].strip("/") == name.strip("/")
        into_gazebo = name == f"/{topics.COMMAND}"
        assert row["direction"] == ("ROS_TO_GZ" if into_gazebo else "GZ_TO_ROS")


def test_world_comes_with_the_files_that_it_names(tmp_path):
    path = write_world(generate_room(1, "demo"), tmp_path / "new" / "folder")
    named = {element.text for tag in ("uri", "albedo_map") for element in ET.parse(path).iter(tag)}
    assert named <= {CONE_FILE, FLOOR_FILE, WALL_FILE}
    assert all((path.parent / name).is_file() for name in (CONE_FILE, FLOOR_FILE, WALL_FILE))


@pytest.mark.parametrize("seed", range(8))
def test_pictures_of_floor_and_walls_have_the_colours_of_their_look(tmp_path, seed):
    room = generate_room(seed, "train")
    write_world(room, tmp_path)
    for look, file in ((room.floor, FLOOR_FILE), (room.wall, WALL_FILE)):
        pixels = np.asarray(Image.open(tmp_path / file)).reshape(-1, 3) / 255
        low, high = np.minimum(look.rgb1, look.rgb2), np.maximum(look.rgb1, look.rgb2)
        assert (pixels >= low - 1 / 255).all() and (pixels <= high + 1 / 255).all()
        both = len(np.unique(pixels, axis=0)) > 1
        assert both == (look.pattern != "plain")


def test_mesh_of_the_cone_is_closed_and_looks_outward(tmp_path):
    write_world(generate_room(0), tmp_path)
    lines = (tmp_path / CONE_FILE).read_text().splitlines()
    corners = np.array([[float(x) for x in line[2:].split()] for line in lines if line[0] == "v"])
    faces = [[int(i) - 1 for i in line[2:].split()] for line in lines if line[0] == "f"]
    assert len(corners) == CONE_SIDES + 1
    edges = [(a, b) for face in faces for a, b in zip(face, face[1:] + face[:1], strict=True)]
    assert sorted(edges) == sorted((b, a) for a, b in edges), "each edge has a face on both sides"
    inside = np.array([0.0, 0.0, 0.3])
    for face in faces:
        a, b, c = corners[face[:3]]
        assert np.cross(b - a, c - a) @ (a - inside) > 0


@pytest.mark.parametrize("split", SPLITS)
def test_world_passes_the_parser_of_sdformat(tmp_path, split):
    tool = shutil.which("ign") or shutil.which("gz")
    if tool is None:
        pytest.skip("no SDFormat parser: apt-get install libsdformat-dev ignition-tools")
    path = write_world(generate_room(5, split), tmp_path)
    checked = subprocess.run(
        [tool, "sdf", "--check", str(path)], capture_output=True, text=True, timeout=60
    )
    assert checked.stdout.strip() == "Valid.", checked.stderr
    assert checked.returncode == 0
    assert "Error" not in checked.stderr and "Warning" not in checked.stderr, checked.stderr
