# SPDX-License-Identifier: Apache-2.0
"""Where in the image something is seen, by geometry."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vla_sim.geometry import Pose
from vla_sim.robot import CAMERA, Camera
from vla_sim.room import Room, Solid

EDGE_PIXELS = 4
HEIGHTS = (0.25, 0.6, 0.9)
"""Shares of a solid's height at which sight lines are tried."""
ASIDES = (-0.7, 0.0, 0.7)
"""Shares of its radius."""
NARROWING = ("cone", "pyramid")
SOMETHING_HEIGHT_M = 0.15
"""Height at which a place would show something that stood there."""

Pixel = tuple[float, float]
Point = tuple[float, float, float]


def seen_at(pose: Pose, target: Solid, room: Room, camera: Camera = CAMERA) -> Pixel | None:
    """Mean pixel (column, row) of the solid's visible part; None where it is not in view."""
    ahead, _ = pose.local(target.x, target.y)
    if ahead < -target.radius:
        return None  # behind the camera, as half of all that is asked for
    lines = _Lines(pose, room, target, camera)
    seen = [
        pixel
        for point in _sight_points(pose, target)
        if (pixel := _pixel(pose, point, camera)) is not None and not lines.hidden(point)
    ]
    if len(seen) < 2:
        return None
    columns, rows = zip(*seen, strict=True)
    return sum(columns) / len(seen), sum(rows) / len(seen)


def floor_at(pose: Pose, place: tuple[float, float], camera: Camera = CAMERA) -> Pixel | None:
    """Pixel of a place on the floor; None where it is not in the image."""
    return _pixel(pose, (*place, 0.0), camera)


def in_sight(pose: Pose, place: tuple[float, float], room: Room, camera: Camera = CAMERA) -> bool:
    """Whether one would see now what stands at a place."""
    point = (*place, SOMETHING_HEIGHT_M)
    if _pixel(pose, point, camera) is None:
        return False
    there = min(
        room.objects, key=lambda s: math.hypot(s.x - place[0], s.y - place[1]), default=None
    )
    return not _Lines(pose, room, there, camera).hidden(point)


def cells_of(pixels: npt.NDArray[np.float64], grid: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Cells of a grid (rows, columns) that pixels ``[N, 2]`` (column, row) lie in, ``[N]``.

    They are counted row by row; the last + 1 for a pixel that is NaN.
    """
    rows, columns = grid
    nowhere: npt.NDArray[np.bool_] = np.isnan(pixels.sum(axis=1))
    share = np.where(nowhere[:, None], 0.0, pixels) / (CAMERA.width, CAMERA.height)
    cell = np.minimum((share * (columns, rows)).astype(np.int64), (columns - 1, rows - 1))
    return np.where(nowhere, rows * columns, cell[:, 1] * columns + cell[:, 0])


def _sight_points(pose: Pose, solid: Solid) -> list[Point]:
    away = math.atan2(solid.y - pose.y, solid.x - pose.x)
    points = []
    for share in HEIGHTS:
        width = solid.radius * (1 - share if solid.shape in NARROWING else 1.0)
        for aside in ASIDES:
            x = solid.x - math.sin(away) * aside * width
            y = solid.y + math.cos(away) * aside * width
            points.append((x, y, share * solid.height))
    return points


def _pixel(pose: Pose, point: Point, camera: Camera) -> Pixel | None:
    x, y, z = point
    pixel = camera.project(*pose.local(x, y), z)
    if pixel is None:
        return None
    column, row = pixel
    inside = EDGE_PIXELS <= column < camera.width - EDGE_PIXELS and 0 <= row < camera.height
    return pixel if inside else None


class _Lines:
    """Lines of sight from the camera, past every solid but the one that is looked at."""

    def __init__(self, pose: Pose, room: Room, target: Solid | None, camera: Camera) -> None:
        self._x, self._y = pose.world(camera.x, 0.0)
        self._z = camera.z
        # Seen from the camera: x, y, radius squared, height.
        self._solids = [
            (solid.x - self._x, solid.y - self._y, solid.radius**2, solid.height)
            for solid in room.objects
            if solid is not target
        ]

    def hidden(self, point: Point) -> bool:
        """Whether a solid, taken for a cylinder, cuts the line to a point."""
        dx, dy, dz = point[0] - self._x, point[1] - self._y, point[2] - self._z
        length2 = dx * dx + dy * dy
        if length2 == 0.0:
            return False
        for x, y, radius2, height in self._solids:
            nearest = (x * dx + y * dy) / length2
            if not 0.0 < nearest < 1.0:
                continue
            off_x, off_y = nearest * dx - x, nearest * dy - y
            if off_x * off_x + off_y * off_y < radius2 and self._z + nearest * dz < height:
                return True
        return False
