# SPDX-License-Identifier: Apache-2.0
"""The physics and the sensors of one room, free of ROS and of the wall clock."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from vla_sim import mjcf
from vla_sim.errors import SimulationError
from vla_sim.geometry import Odometry, Pose
from vla_sim.headless import EGL_MENDING, mujoco, require_headless_rendering
from vla_sim.robot import CAMERA, LIDAR, ROBOT, Camera
from vla_sim.room import Room, Solid
from vla_sim.scene import FLOOR, solid_name

STEPS_PER_SLICE = 5
SLICE_S = STEPS_PER_SLICE * mjcf.TIMESTEP_S
"""Contacts and odometry are looked at once in a slice of 20 ms."""

CONTACT_PAUSE_S = 0.5
"""Contacts less than this apart are one collision: a bump that rattles is not ten."""


class Simulation:
    """One robot in one room.

    Args:
        camera: the robot's camera; training varies it a little.

    Not safe for use from several threads: the image is drawn in an OpenGL context that
    belongs to the thread which drew the first one.

    Raises:
        SimulationError: the machine cannot draw without a screen (EGL is missing).
    """

    def __init__(self, room: Room, render: bool = True, camera: Camera = CAMERA) -> None:
        self.room = room
        self.camera = camera
        if render:
            require_headless_rendering()
        model = mjcf.room_to_mjcf(room, camera=camera)
        self._model = mujoco.MjModel.from_xml_string(model.xml, model.files)
        self._data = mujoco.MjData(self._model)
        self._renderer = self._make_renderer() if render else None
        self._base = self._model.body(mjcf.BASE_BODY).id
        self._wheels = [self._model.joint(name).qposadr[0] for name in mjcf.WHEEL_JOINTS]
        self._wheel_speeds = [self._model.joint(name).dofadr[0] for name in mjcf.WHEEL_JOINTS]
        self._collision_pairs = self._collision_table()
        self._rays = _ray_directions()
        self._target = (0.0, 0.0)
        self._driven = (0.0, 0.0)
        self._collisions = 0
        self._last_contact_s = -math.inf
        self._owed_s = 0.0
        mujoco.mj_forward(self._model, self._data)
        self._wheel_angles = self._read_wheels()
        self._odometry = (0.0, 0.0, 0.0)

    @property
    def renders(self) -> bool:
        """Whether it was made with a camera."""
        return self._renderer is not None

    @property
    def time(self) -> float:
        """Simulated time since the start [s]."""
        return float(self._data.time)

    @property
    def pose(self) -> Pose:
        """True pose of the base in the room."""
        x, y, _, w, i, j, k = self._data.qpos[:7]
        yaw = math.atan2(2 * (w * k + i * j), 1 - 2 * (j * j + k * k))
        return Pose(float(x), float(y), yaw)

    @property
    def speed(self) -> tuple[float, float]:
        """True speed of the base: ahead [m/s], counter-clockwise [rad/s]."""
        yaw = self.pose.yaw
        vx, vy = self._data.qvel[0], self._data.qvel[1]
        ahead = math.cos(yaw) * vx + math.sin(yaw) * vy
        return float(ahead), float(self._data.qvel[5])

    @property
    def odometry(self) -> Odometry:
        """What the wheels report, slip included."""
        left, right = (float(self._data.qvel[index]) for index in self._wheel_speeds)
        return Odometry(*self._odometry, *ROBOT.base_motion(left, right))

    @property
    def collisions(self) -> int:
        """How often the robot has touched a wall or a solid so far."""
        return self._collisions

    def command(self, linear: float, angular: float) -> None:
        """Set the speeds that the base ramps to, within its own limits [m/s, rad/s].

        Raises:
            SimulationError: a value is not finite; the base keeps its last target.
        """
        if not (math.isfinite(linear) and math.isfinite(angular)):
            raise SimulationError(
                f"a command must be finite (got linear {linear}, angular {angular})"
            )
        self._target = (
            _clamp(linear, ROBOT.max_linear),
            _clamp(angular, ROBOT.max_angular),
        )

    def step(self, duration_s: float) -> None:
        """Advance the physics; what is less than a slice of 20 ms is kept for the next call."""
        self._owed_s += duration_s
        while self._owed_s >= SLICE_S - 1e-9:
            self._owed_s -= SLICE_S
            self._step_slice()

    def render(self) -> npt.NDArray[np.uint8]:
        """What the camera sees now: ``[240, 320, 3]`` RGB.

        Raises:
            SimulationError: the simulation was made with ``render=False``.
        """
        if self._renderer is None:
            raise SimulationError("this simulation was made without a camera (render=False)")
        self._renderer.update_scene(self._data, camera=mjcf.CAMERA_NAME)
        return self._renderer.render()

    def scan(self) -> npt.NDArray[np.float32]:
        """Distances of the scanner's rays [m]: ``[360]``, inf where nothing is in range."""
        pose = self.pose
        cos, sin = math.cos(pose.yaw), math.sin(pose.yaw)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        directions = np.ascontiguousarray(self._rays @ turn.T)
        hit = np.empty(LIDAR.rays, dtype=np.int32)
        distance = np.empty(LIDAR.rays)
        mujoco.mj_multiRay(
            self._model,
            self._data,
            np.array([pose.x, pose.y, ROBOT.lidar_height]),
            directions.ravel(),
            None,
            1,
            self._base,
            hit,
            distance,
            None,
            LIDAR.rays,
            LIDAR.range_max,
        )
        distance[(distance < 0) | (distance > LIDAR.range_max)] = np.inf
        return distance.astype(np.float32)

    def teleport(self, pose: Pose) -> None:
        """Put the robot somewhere else, at rest; odometry and collisions go on as they were."""
        self._data.qpos[:7] = [
            pose.x,
            pose.y,
            0.0,
            math.cos(pose.yaw / 2),
            0.0,
            0.0,
            math.sin(pose.yaw / 2),
        ]
        self._data.qvel[:] = 0.0
        self._target = self._driven = (0.0, 0.0)
        mujoco.mj_forward(self._model, self._data)

    def move(self, solid: Solid, x: float, y: float) -> Solid:
        """Put a ball somewhere else in the room [m]; returns it as it stands then.

        Raises:
            SimulationError: the solid is none of the room's, or no ball.
        """
        if solid.shape != "ball" or solid not in self.room.objects:
            raise SimulationError(f"the {solid.name} cannot be moved: it is no ball of this room")
        index = self.room.objects.index(solid)
        moved = dataclasses.replace(solid, x=x, y=y)
        objects = (*self.room.objects[:index], moved, *self.room.objects[index + 1 :])
        self.room = dataclasses.replace(self.room, objects=objects)
        body = self._model.body(solid_name(index))
        self._data.mocap_pos[body.mocapid[0]] = [x, y, 0.0]
        return moved

    def close(self) -> None:
        """Give the renderer's memory back."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _step_slice(self) -> None:
        self._driven = (
            _ramp(self._driven[0], self._target[0], ROBOT.max_linear_acceleration * SLICE_S),
            _ramp(self._driven[1], self._target[1], ROBOT.max_angular_acceleration * SLICE_S),
        )
        self._data.ctrl[:] = ROBOT.wheel_speeds(*self._driven)
        mujoco.mj_step(self._model, self._data, STEPS_PER_SLICE)
        self._count_collisions()
        self._integrate_odometry()

    def _count_collisions(self) -> None:
        pairs = self._data.contact.geom[: self._data.ncon]
        if self._collision_pairs[pairs[:, 0], pairs[:, 1]].any():
            if self.time - self._last_contact_s > CONTACT_PAUSE_S:
                self._collisions += 1
            self._last_contact_s = self.time

    def _integrate_odometry(self) -> None:
        wheels = self._read_wheels()
        left, right = (now - last for now, last in zip(wheels, self._wheel_angles, strict=True))
        self._wheel_angles = wheels
        distance, turn = ROBOT.base_motion(left, right)
        x, y, yaw = self._odometry
        middle = yaw + turn / 2
        self._odometry = (
            x + distance * math.cos(middle),
            y + distance * math.sin(middle),
            math.remainder(yaw + turn, math.tau),
        )

    def _read_wheels(self) -> list[float]:
        return [float(self._data.qpos[index]) for index in self._wheels]

    def _collision_table(self) -> npt.NDArray[np.bool_]:
        """``[geoms, geoms]``: true where a contact of the two is a collision."""
        robot = np.zeros(self._model.ngeom, dtype=bool)
        robot[[self._model.geom(name).id for name in mjcf.ROBOT_COLLISION_GEOMS]] = True
        others = self._model.body_rootid[self._model.geom_bodyid] != self._base
        others[self._model.geom_bodyid == self._model.body(FLOOR).id] = False
        table: npt.NDArray[np.bool_] = np.outer(robot, others)
        return table | table.T

    def _make_renderer(self) -> mujoco.Renderer:
        try:
            return mujoco.Renderer(self._model, self.camera.height, self.camera.width)
        except Exception as error:
            # Drivers fail with exceptions of many kinds, all of which mean the same here.
            raise SimulationError(
                f"cannot draw without a screen ({error}): {EGL_MENDING}"
            ) from error


def _ray_directions() -> npt.NDArray[np.float64]:
    angles = LIDAR.angle_min + LIDAR.angle_increment * np.arange(LIDAR.rays)
    return np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)


def _clamp(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


def _ramp(value: float, target: float, step: float) -> float:
    return value + _clamp(target - value, step)
