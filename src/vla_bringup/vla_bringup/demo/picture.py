# SPDX-License-Identifier: Apache-2.0
"""The driven path from above, one colour an episode."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vla_sim.picture import draw_paths
from vla_sim.room import Room, Solid

COLOURS = ("#111111", "#d6006c", "#00808a", "#8a5a00")

Episode = tuple[Sequence[tuple[float, float]], Solid | None]
"""The points of a path [m, m] and the thing it should lead to."""


def write_picture(path: Path, room: Room, episodes: Sequence[Episode]) -> None:
    """Draw the paths of all episodes into the room and save the picture."""
    coloured = [
        (points, target, COLOURS[index % len(COLOURS)])
        for index, (points, target) in enumerate(episodes)
    ]
    draw_paths(room, coloured).save(path)
