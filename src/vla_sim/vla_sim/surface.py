# SPDX-License-Identifier: Apache-2.0
"""Files that an SDF world refers to: pictures of floor and walls, and the mesh of a cone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from vla_sim.room import Look
from vla_sim.scene import CONE_SIDES, cone_vertices

FLOOR_FILE = "floor.png"
WALL_FILE = "wall.png"
CONE_FILE = "cone.obj"
PIXELS = 512
SPECKLES = 0.04
"""Share of a speckled surface that has the second colour."""


def draw_surface(look: Look, repeat: float) -> Image.Image:
    """The picture of a whole surface, with its pattern `repeat` times along each side."""
    first, second = (np.array(rgb) for rgb in (look.rgb1, look.rgb2))
    share = _share_of_second(look.pattern, repeat)[..., None]  # [H, W, 1]
    colours = first * (1 - share) + second * share
    return Image.fromarray(np.rint(255 * colours).astype(np.uint8))


def _share_of_second(pattern: str, repeat: float) -> npt.NDArray[np.float64]:
    """How much of the second colour each pixel has, [H, W] in 0 to 1."""
    along = (np.arange(PIXELS) + 0.5) / PIXELS * repeat
    if pattern == "checker":  # two by two squares make the pattern
        squares = np.floor(2 * along).astype(int)
        return ((squares[:, None] + squares[None, :]) % 2).astype(float)
    if pattern == "speckle":
        return (np.random.default_rng(0).random((PIXELS, PIXELS)) < SPECKLES).astype(float)
    if pattern == "gradient":
        return np.repeat((along % 1.0)[:, None], PIXELS, axis=1)
    return np.zeros((PIXELS, PIXELS))


def cone_mesh() -> str:
    """A cone of radius 1 and height 1 that stands on the origin, as an OBJ file."""
    lines = ["# A cone of radius 1 and height 1.", "o cone"]
    lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in cone_vertices()]
    rim = [index + 2 for index in range(CONE_SIDES)]  # OBJ counts from one; the tip is first
    following = rim[1:] + rim[:1]
    lines += [f"f 1 {here} {there}" for here, there in zip(rim, following, strict=True)]
    lines.append("f " + " ".join(str(index) for index in reversed(rim)))
    return "\n".join(lines) + "\n"
