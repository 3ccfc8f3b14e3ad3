# SPDX-License-Identifier: Apache-2.0
"""Where in the image a solid is seen, by geometry."""

from __future__ import annotations

import math

from vla_sim.geometry import Pose
from vla_sim.robot import CAMERA
from vla_sim.room import Room, Solid

EDGE_PIXELS = 4
HEIGHTS = (0.25, 0.6, 0.9)
"""Shares of a solid's height at which sight lines are tried."""
ASIDES = (-0.7, 0.0, 0.7)
"""Shares of its radius."""


def seen_at(pose: Pose, target: Solid, room: Room) -> tuple[float, float] | None:
    """Mean pixel (column, row) of the solid's visible part; None where it is not in view."""
    seen = [
        pixel
        for x, y, z in _sight_points(pose, target)
        if (pixel := _pixel(pose, x, y, z)) is not None
        and not _hidden(pose, (x, y, z), target, room)
    ]
    if len(seen) < 2:
        return None
    columns, rows = zip(*seen, strict=True)
    return sum(columns) / len(seen), sum(rows) / len(seen)


def cell_of(pixel: tuple[float, float] | None, grid: tuple[int, int]) -> int:
    """Index of a pixel's cell in a grid (rows, columns), row by row; the last + 1 for None."""
    rows, columns = grid
    if pixel is None:
        return rows * columns
    column = min(columns - 1, int(pixel[0] / CAMERA.width * columns))
    row = min(rows - 1, int(pixel[1] / CAMERA.height * rows))
    return row * columns + column


def _sight_points(pose: Pose, solid: Solid) -> list[tuple[float, float, float]]:
    away = math.atan2(solid.y - pose.y, solid.x - pose.x)
    points = []
    for share in HEIGHTS:
        # A cone narrows towards its tip.
        width = solid.radius * (1 - share if solid.shape == "cone" else 1.0)
        for aside in ASIDES:
            x = solid.x - math.sin(away) * aside * width
            y = solid.y + math.cos(away) * aside * width
            points.append((x, y, share * solid.height))
    return points


def _pixel(pose: Pose, x: float, y: float, z: float) -> tuple[float, float] | None:
    pixel = CAMERA.project(*pose.local(x, y), z)
    if pixel is None:
        return None
    column, row = pixel
    inside = EDGE_PIXELS <= column < CAMERA.width - EDGE_PIXELS and 0 <= row < CAMERA.height
    return pixel if inside else None


def _hidden(pose: Pose, point: tuple[float, float, float], target: Solid, room: Room) -> bool:
    """Whether another solid, taken for a cylinder, cuts the line from camera to point."""
    eye_x = pose.x + CAMERA.x * math.cos(pose.yaw)
    eye_y = pose.y + CAMERA.x * math.sin(pose.yaw)
    dx, dy, dz = point[0] - eye_x, point[1] - eye_y, point[2] - CAMERA.z
    length2 = dx * dx + dy * dy
    for solid in room.objects:
        if solid is target:
            continue
        nearest = ((solid.x - eye_x) * dx + (solid.y - eye_y) * dy) / length2
        if not 0.0 < nearest < 1.0:
            continue
        off = math.hypot(eye_x + nearest * dx - solid.x, eye_y + nearest * dy - solid.y)
        if off < solid.radius and CAMERA.z + nearest * dz < solid.height:
            return True
    return False
