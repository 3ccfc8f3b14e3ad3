# SPDX-License-Identifier: Apache-2.0
"""Hulls as files for simulators that read a shape with corners from one."""

from __future__ import annotations

from vla_sim.shapes import Part


def hull_obj(part: Part) -> bytes:
    """A hull as a Wavefront OBJ file [m]."""
    corners = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in part.corners]
    # OBJ counts from one.
    faces = ["f " + " ".join(str(index + 1) for index in face) for face in part.faces]
    return "\n".join(["o hull", *corners, *faces, ""]).encode()
