# SPDX-License-Identifier: Apache-2.0
"""The SDF world of a room, beside the MuJoCo model of the same room."""

from __future__ import annotations

import io
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
from vla_sim.mesh import hull_obj
from vla_sim.mjcf import room_to_mjcf
from vla_sim.robot import CAMERA, LIDAR, ROBOT
from vla_sim.room import SPLITS, generate_room
from vla_sim.scene import scene_of
from vla_sim.sdf import WORLD_FILE, room_to_sdf, write_world
from vla_sim.shapes import SHAPE_PARTS

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


@pytest.fixture
def compiled():
    def made(split, seed):
        document = room_to_mjcf(generate_room(seed, split))
        model = mujoco.MjModel.from_xml_string(document.xml, document.files)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        return model, data

    return made


def turned(roll, yaw):
    """The rotation by a roll about x and then a yaw about z."""
    c, s, cr, sr = math.cos(yaw), math.sin(yaw), math.cos(roll), math.sin(roll)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, cr, -sr], [0, sr, cr]]
    )


def sdf_parts(world, folder):
    """Of each part by name: kind, size, centre, turn, corners in the world, coat, whether it can
    be hit, and whether it can be moved."""
    found = {}
    for model in world.iter("model"):
        if model.get("name") == "robot":
            continue
        origin, yaw = np.array(numbers(model, "pose")[:3]), numbers(model, "pose")[5]
        hit = {each.get("name"): each for each in model.findall("link/collision")}
        for visual in model.findall("link/visual"):
            name = visual.get("name").removesuffix("_visual")
            shape = visual.find("geometry")[0]
            if f"{name}_collision" in hit:
                solid = hit[f"{name}_collision"]
                assert ET.tostring(solid.find("geometry")[0]) == ET.tostring(shape)
                assert solid.findtext("pose") == visual.findtext("pose"), "what is seen is hit"
            *at, roll, pitch, turn = numbers(visual, "pose")
            assert pitch == turn == 0.0
            centre = origin + turned(0.0, yaw) @ at
            kind, size, corners = sdf_shape(shape, folder)
            found[name] = {
                "kind": kind,
                "size": size,
                "centre": centre,
                "turn": turned(roll, yaw),
                "corners": centre + corners @ turned(roll, yaw).T,
                "coat": sdf_coat(visual),
                "tangible": f"{name}_collision" in hit,
                "movable": model.findtext("static") == "false",
            }
    return found


def sdf_shape(shape, folder):
    nothing = np.zeros((0, 3))
    if shape.tag == "mesh":
        return "mesh", [], read_obj(folder / shape.findtext("uri"))[0]
    if shape.tag in ("box", "plane"):
        return shape.tag, [side / 2 for side in numbers(shape, "size")], nothing
    radius = numbers(shape, "radius")
    if shape.tag == "sphere":
        return "sphere", radius, nothing
    return shape.tag, [*radius, numbers(shape, "length")[0] / 2], nothing


def read_obj(path):
    lines = path.read_text().splitlines()
    corners = np.array([[float(x) for x in line[2:].split()] for line in lines if line[0] == "v"])
    faces = [[int(i) - 1 for i in line[2:].split()] for line in lines if line[0] == "f"]
    return corners, faces


def sdf_coat(visual):
    assert numbers(visual, "material/ambient") == numbers(visual, "material/diffuse")
    picture = visual.findtext("material/pbr/metal/albedo_map")
    return picture or numbers(visual, "material/diffuse")


def mujoco_parts(model, data):
    """The same of the compiled MuJoCo model."""
    found = {}
    base = model.body("base").id
    for index in range(model.ngeom):
        geom = model.geom(index)
        if model.body_rootid[geom.bodyid[0]] == base:
            continue
        kind = mujoco.mjtGeom(geom.type[0]).name.removeprefix("mjGEOM_").lower()
        turn, centre = data.geom_xmat[index].reshape(3, 3), data.geom_xpos[index]
        count = {"sphere": 1, "cylinder": 2, "capsule": 2, "plane": 2, "box": 3, "mesh": 0}[kind]
        found[geom.name] = {
            "kind": kind,
            "size": list(geom.size[:count]),
            "centre": centre,
            "turn": turn,
            "corners": mesh_corners(model, geom.dataid[0]) @ turn.T + centre,
            "coat": mujoco_coat(model, geom),
            "tangible": bool(geom.contype[0]),
            "movable": model.body_mocapid[geom.bodyid[0]] >= 0,
        }
    return found


def mesh_corners(model, mesh):
    if mesh < 0:
        return np.zeros((0, 3))
    first = model.mesh_vertadr[mesh]
    return model.mesh_vert[first : first + model.mesh_vertnum[mesh]]


def mujoco_coat(model, geom):
    if geom.matid[0] < 0:
        return list(geom.rgba)
    return f"{model.material(geom.matid[0]).name}.png"


def assert_same_part(ours, theirs):
    for what in ("kind", "tangible", "movable"):
        assert ours[what] == theirs[what], what
    assert ours["size"] == pytest.approx(theirs["size"], abs=TOLERANCE)
    assert ours["coat"] == (
        theirs["coat"]
        if isinstance(theirs["coat"], str)
        else pytest.approx(theirs["coat"], abs=TOLERANCE)
    )
    if ours["kind"] == "mesh":
        # MuJoCo turns a mesh into its principal axes: its corners in the world tell the shape.
        assert_same_points(ours["corners"], theirs["corners"])
    else:
        assert ours["centre"] == pytest.approx(theirs["centre"], abs=TOLERANCE)
        assert ours["turn"] == pytest.approx(theirs["turn"], abs=TOLERANCE)


def assert_same_points(ours, theirs):
    assert len(ours) == len(theirs)
    distances = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    assert distances.min(axis=1).max() < 2 * TOLERANCE
    assert distances.min(axis=0).max() < 2 * TOLERANCE


@each_room
def test_both_simulators_have_the_same_objects_poses_sizes_and_colours(
    world, compiled, tmp_path, split, seed
):
    ours, theirs = sdf_parts(world(split, seed), tmp_path), mujoco_parts(*compiled(split, seed))
    assert set(ours) == set(theirs)
    for name, part in ours.items():
        assert_same_part(part, theirs[name])


def test_rooms_of_the_comparison_hold_every_shape_and_pictures():
    rooms = [generate_room(seed, split) for split, seed in SEEDS]
    assert {solid.shape for room in rooms for solid in room.objects} == set(SHAPE_PARTS)
    assert {picture.wall for room in rooms for picture in room.pictures}


@each_room
def test_both_simulators_have_the_same_floor_walls_and_pictures_to_look_at(compiled, split, seed):
    room = generate_room(seed, split)
    model, _ = compiled(split, seed)
    files = room_to_sdf(room).files
    for texture in scene_of(room).textures:
        there = model.texture(texture.name)
        height, width, channels = there.height[0], there.width[0], there.nchannel[0]
        first = model.tex_adr[there.id]
        theirs = model.tex_data[first : first + height * width * channels]
        theirs = theirs.reshape(height, width, channels)[..., :3].astype(int)
        ours = np.asarray(Image.open(io.BytesIO(files[f"{texture.name}.png"]))).astype(int)
        repeat = model.mat_texrepeat[model.material(texture.name).id]
        assert ours.shape[:2] == tuple(np.rint(np.array([height, width]) * repeat))
        assert np.array_equal(ours[:height, :width], theirs)


@each_room
def test_what_is_movable_weighs_something_and_what_is_not_is_static(world, split, seed):
    for model in world(split, seed).iter("model"):
        if model.get("name") == "robot":
            continue
        loose = model.find("link/inertial/mass") is not None
        assert loose == (model.findtext("static") == "false")


@each_room
def test_both_lamps_hang_and_shine_alike(world, compiled, split, seed):
    model, _ = compiled(split, seed)
    lamp = world(split, seed).find("light")
    assert numbers(lamp, "pose")[:3] == pytest.approx(list(model.light_pos[0]), abs=TOLERANCE)
    aim = np.array(numbers(lamp, "direction"))
    assert aim / np.linalg.norm(aim) == pytest.approx(model.light_dir[0], abs=TOLERANCE)
    assert numbers(lamp, "diffuse")[:3] == pytest.approx(list(model.light_diffuse[0]), abs=1e-5)
    assert numbers(lamp, "spot/outer_angle") == pytest.approx(
        [2 * math.radians(model.light_cutoff[0])], abs=1e-3
    )
    around = world(split, seed).find("scene")
    ambient = list(model.vis.headlight.ambient)
    assert numbers(around, "ambient")[:3] == pytest.approx(ambient, abs=1e-5)


@each_room
def test_robot_starts_where_it_starts_in_mujoco(world, compiled, split, seed):
    _, data = compiled(split, seed)
    rotation = data.body("base").xmat.reshape(3, 3)
    robot = next(m for m in world(split, seed).iter("model") if m.get("name") == "robot")
    pose = numbers(robot, "pose")
    assert pose[:3] == pytest.approx(list(data.body("base").xpos), abs=TOLERANCE)
    assert pose[5] == pytest.approx(math.atan2(rotation[1, 0], rotation[0, 0]), abs=TOLERANCE)


@pytest.fixture
def robot(world):
    return next(m for m in world("demo", 0).iter("model") if m.get("name") == "robot")


def test_robot_weighs_what_it_weighs_in_mujoco(robot, compiled):
    model, _ = compiled("demo", 0)
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


@each_room
def test_world_comes_with_the_files_that_it_names(tmp_path, split, seed):
    path = write_world(generate_room(seed, split), tmp_path / "new" / "folder")
    named = {element.text for tag in ("uri", "albedo_map") for element in ET.parse(path).iter(tag)}
    assert named == {file.name for file in path.parent.iterdir()} - {WORLD_FILE}


HULLS = [shape for shape, parts in SHAPE_PARTS.items() if parts(0.2, 0.4)[0].kind == "hull"]


@pytest.mark.parametrize("shape", HULLS)
def test_mesh_of_a_hull_is_closed_and_looks_outward(tmp_path, shape):
    path = tmp_path / "hull.obj"
    (part,) = SHAPE_PARTS[shape](0.2, 0.4)
    path.write_bytes(hull_obj(part))
    corners, faces = read_obj(path)
    assert corners == pytest.approx(np.array(part.corners), abs=TOLERANCE)
    edges = [(a, b) for face in faces for a, b in zip(face, face[1:] + face[:1], strict=True)]
    assert sorted(edges) == sorted((b, a) for a, b in edges), "each edge has a face on both sides"
    inside = corners.mean(axis=0)
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
