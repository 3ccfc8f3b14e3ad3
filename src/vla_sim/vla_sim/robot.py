# SPDX-License-Identifier: Apache-2.0
"""The robot: a differential-drive base of the size of a TurtleBot, with a camera mast.

Lengths in metres, in the frame of the base (REP 103: x ahead, y left, z up; the origin lies
on the floor between the wheels).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Robot:
    """Dimensions and limits of the base."""

    radius: float = 0.18
    body_height: float = 0.16
    ground_clearance: float = 0.03
    body_mass: float = 6.0
    wheel_radius: float = 0.05
    wheel_width: float = 0.03
    track: float = 0.28
    wheel_mass: float = 0.3
    mast_height: float = 0.82
    mast_radius: float = 0.02
    mast_mass: float = 0.2
    caster_x: float = 0.13
    """A ball under the chassis at this distance ahead and behind: it carries and slides."""
    caster_radius: float = 0.02
    caster_mass: float = 0.1
    lidar_height: float = 0.24
    body_rgb: tuple[float, float, float] = (0.2, 0.22, 0.25)
    wheel_rgb: tuple[float, float, float] = (0.05, 0.05, 0.05)
    max_linear: float = 0.8
    """[m/s] Faster targets are clamped, as a motor driver does."""
    max_angular: float = 2.0
    """[rad/s]"""
    max_linear_acceleration: float = 2.5
    """[m/s^2]"""
    max_angular_acceleration: float = 8.0
    """[rad/s^2]"""
    max_wheel_torque: float = 2.0
    """[N m] What a wheel's grip can take: with more, wheels spin and odometry means little."""

    @property
    def body_top(self) -> float:
        """Height of the chassis above the floor [m]."""
        return self.ground_clearance + self.body_height

    def wheel_speeds(self, linear: float, angular: float) -> tuple[float, float]:
        """Speeds of the left and the right wheel [rad/s] for a motion of the base."""
        half = 0.5 * self.track * angular
        return (linear - half) / self.wheel_radius, (linear + half) / self.wheel_radius

    def base_motion(self, left: float, right: float) -> tuple[float, float]:
        """Motion of the base [m, rad] or [m/s, rad/s] for motions of the wheels [rad(/s)]."""
        linear = 0.5 * self.wheel_radius * (left + right)
        angular = self.wheel_radius * (right - left) / self.track
        return linear, angular


ROBOT = Robot()


@dataclass(frozen=True)
class Camera:
    """The forward camera: a pinhole without distortion, on the mast, looking a little down."""

    width: int = 320
    height: int = 240
    fovy_deg: float = 78.0
    x: float = 0.10
    z: float = 0.80
    pitch_deg: float = 22.0
    """Downward."""

    @property
    def focal(self) -> float:
        """Focal length [pixels], the same for both axes."""
        return 0.5 * self.height / math.tan(math.radians(self.fovy_deg) / 2)

    @property
    def centre(self) -> tuple[float, float]:
        """Principal point (column, row) [pixels]: the middle of the image."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    @property
    def half_width_rad(self) -> float:
        """Half of the horizontal field of view [rad]."""
        return math.atan(0.5 * self.width / self.focal)

    def project(self, ahead: float, left: float, up: float) -> tuple[float, float] | None:
        """Pixel (column, row) of a point in the frame of the base; None behind the camera."""
        pitch = math.radians(self.pitch_deg)
        dx, dz = ahead - self.x, up - self.z
        depth = math.cos(pitch) * dx - math.sin(pitch) * dz
        if depth <= 0.05:
            return None
        down = -math.sin(pitch) * dx - math.cos(pitch) * dz
        column, row = self.centre
        return column - self.focal * left / depth, row + self.focal * down / depth


CAMERA = Camera()


@dataclass(frozen=True)
class Lidar:
    """The scanner: a full turn of rays, one a degree, counter-clockwise from straight behind."""

    rays: int = 360
    range_min: float = 0.05
    range_max: float = 10.0

    @property
    def angle_min(self) -> float:
        """Direction of the first ray [rad]."""
        return -math.pi

    @property
    def angle_increment(self) -> float:
        """From one ray to the next [rad]."""
        return math.tau / self.rays


LIDAR = Lidar()
