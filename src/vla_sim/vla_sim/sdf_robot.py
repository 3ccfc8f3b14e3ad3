# SPDX-License-Identifier: Apache-2.0
"""The robot as an SDF model: the base, its sensors, and the plugin that drives it."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from vla_sim.geometry import Pose
from vla_sim.robot import Camera, Lidar, Robot
from vla_sim.topics import COMMAND, IMAGE, ODOMETRY, SCAN
from vla_sim.xml import add

MODEL = "robot"
BASE_LINK = "base_link"
ODOM_FRAME = "odom"
CAMERA_RATE_HZ = 30.0
LIDAR_RATE_HZ = 10.0
ODOMETRY_RATE_HZ = 50.0
WHEELS = (("left_wheel", 1), ("right_wheel", -1))


def add_robot(world: ET.Element, start: Pose, robot: Robot, camera: Camera, lidar: Lidar) -> None:
    """Put the robot into a world, where it starts.

    Its topics in Gazebo have the names of `vla_sim.topics`, below the root.
    """
    model = add(world, "model", name=MODEL)
    add(model, "pose", [start.x, start.y, 0.0, 0.0, 0.0, start.yaw])
    base = _add_base(model, robot)
    _add_camera(base, camera)
    _add_lidar(base, robot, lidar)
    for name, side in WHEELS:
        _add_wheel(model, name, side, robot)
    _add_drive(model, robot)


def _add_base(model: ET.Element, robot: Robot) -> ET.Element:
    link = add(model, "link", name=BASE_LINK)
    middle = robot.ground_clearance + robot.body_height / 2
    # The chassis outweighs the rest twenty times: its middle is taken for all of it.
    mass = robot.body_mass + robot.mast_mass + 2 * robot.caster_mass
    across = mass * (3 * robot.radius**2 + robot.body_height**2) / 12
    _add_inertia(link, mass, (across, across, mass * robot.radius**2 / 2), height=middle)
    _add_cylinder(link, "chassis", middle, robot.radius, robot.body_height, robot.body_rgb)
    mast = robot.mast_height - robot.body_top
    _add_cylinder(link, "mast", robot.body_top + mast / 2, robot.mast_radius, mast, robot.body_rgb)
    for name, x in (("caster_front", robot.caster_x), ("caster_back", -robot.caster_x)):
        _add_caster(link, name, x, robot)
    return link


def _add_inertia(
    link: ET.Element, mass: float, moments: tuple[float, float, float], height: float = 0.0
) -> None:
    inertial = add(link, "inertial")
    add(inertial, "pose", [0.0, 0.0, height, 0.0, 0.0, 0.0])
    add(inertial, "mass", mass)
    inertia = add(inertial, "inertia")
    for axis, moment in zip("xyz", moments, strict=True):
        add(inertia, f"i{axis}{axis}", moment)


def _add_cylinder(
    link: ET.Element,
    name: str,
    height: float,
    radius: float,
    length: float,
    rgb: tuple[float, float, float],
) -> None:
    for kind in ("collision", "visual"):
        element = add(link, kind, name=f"{name}_{kind}")
        add(element, "pose", [0.0, 0.0, height, 0.0, 0.0, 0.0])
        shape = add(add(element, "geometry"), "cylinder")
        add(shape, "radius", radius)
        add(shape, "length", length)
        if kind == "visual":
            _paint(element, rgb)


def _add_caster(link: ET.Element, name: str, x: float, robot: Robot) -> None:
    collision = add(link, "collision", name=name)
    add(collision, "pose", [x, 0.0, robot.caster_radius, 0.0, 0.0, 0.0])
    add(add(add(collision, "geometry"), "sphere"), "radius", robot.caster_radius)
    _add_friction(collision, 0.01)


def _add_wheel(model: ET.Element, name: str, side: int, robot: Robot) -> None:
    link = add(model, "link", name=name)
    place = [0.0, side * robot.track / 2, robot.wheel_radius, -math.pi / 2, 0.0, 0.0]
    add(link, "pose", place)
    across = robot.wheel_mass * (3 * robot.wheel_radius**2 + robot.wheel_width**2) / 12
    along = robot.wheel_mass * robot.wheel_radius**2 / 2
    _add_inertia(link, robot.wheel_mass, (across, across, along))
    _add_cylinder(link, name, 0.0, robot.wheel_radius, robot.wheel_width, robot.wheel_rgb)
    collision = link.find("collision")
    assert collision is not None
    _add_friction(collision, 1.2)
    joint = add(model, "joint", name=_joint(name), type="revolute")
    add(joint, "parent", BASE_LINK)
    add(joint, "child", name)
    axis = add(joint, "axis")
    add(axis, "xyz", [0, 0, 1])  # of the wheel's own frame, which lies on its side
    limit = add(axis, "limit")
    add(limit, "lower", "-inf")
    add(limit, "upper", "inf")


def _add_friction(collision: ET.Element, coefficient: float) -> None:
    ode = add(add(add(collision, "surface"), "friction"), "ode")
    add(ode, "mu", coefficient)
    add(ode, "mu2", coefficient)


def _add_camera(base: ET.Element, camera: Camera) -> None:
    sensor = add(base, "sensor", name="camera", type="camera")
    pitch = math.radians(camera.pitch_deg)
    add(sensor, "pose", [camera.x, 0.0, camera.z, 0.0, pitch, 0.0])
    add(sensor, "always_on", True)
    add(sensor, "update_rate", CAMERA_RATE_HZ)
    add(sensor, "topic", f"/{IMAGE}")
    lens = add(sensor, "camera")
    add(lens, "horizontal_fov", 2 * camera.half_width_rad)
    image = add(lens, "image")
    add(image, "width", camera.width)
    add(image, "height", camera.height)
    add(image, "format", "R8G8B8")
    clip = add(lens, "clip")
    add(clip, "near", 0.02)
    add(clip, "far", 20.0)
    add(lens, "optical_frame_id", "camera_optical_frame")


def _add_lidar(base: ET.Element, robot: Robot, lidar: Lidar) -> None:
    sensor = add(base, "sensor", name="base_scan", type="gpu_lidar")
    add(sensor, "pose", [0.0, 0.0, robot.lidar_height, 0.0, 0.0, 0.0])
    add(sensor, "always_on", True)
    add(sensor, "update_rate", LIDAR_RATE_HZ)
    add(sensor, "topic", f"/{SCAN}")
    rays = add(sensor, "lidar")
    horizontal = add(add(rays, "scan"), "horizontal")
    add(horizontal, "samples", lidar.rays)
    add(horizontal, "min_angle", lidar.angle_min)
    add(horizontal, "max_angle", lidar.angle_min + (lidar.rays - 1) * lidar.angle_increment)
    distance = add(rays, "range")
    add(distance, "min", lidar.range_min)
    add(distance, "max", lidar.range_max)


def _add_drive(model: ET.Element, robot: Robot) -> None:
    plugin = add(
        model,
        "plugin",
        filename="gz-sim-diff-drive-system",
        name="gz::sim::systems::DiffDrive",
    )
    for wheel, _ in WHEELS:
        add(plugin, _joint(wheel), _joint(wheel))
    add(plugin, "wheel_separation", robot.track)
    add(plugin, "wheel_radius", robot.wheel_radius)
    add(plugin, "topic", f"/{COMMAND}")
    add(plugin, "odom_topic", f"/{ODOMETRY}")
    add(plugin, "odom_publish_frequency", ODOMETRY_RATE_HZ)
    add(plugin, "frame_id", ODOM_FRAME)
    add(plugin, "child_frame_id", BASE_LINK)
    for name, limit in (
        ("linear_velocity", robot.max_linear),
        ("angular_velocity", robot.max_angular),
        ("linear_acceleration", robot.max_linear_acceleration),
        ("angular_acceleration", robot.max_angular_acceleration),
    ):
        add(plugin, f"max_{name}", limit)
        add(plugin, f"min_{name}", -limit)


def _paint(visual: ET.Element, rgb: tuple[float, float, float]) -> None:
    material = add(visual, "material")
    add(material, "ambient", [*rgb, 1.0])
    add(material, "diffuse", [*rgb, 1.0])


def _joint(wheel: str) -> str:
    """The joint of a wheel, called as the plugin calls it."""
    return wheel.replace("_wheel", "_joint")
