# SPDX-License-Identifier: Apache-2.0
"""What stands about the robot, by the truth, as a network that looks would come to know it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vla_policy.surroundings import BEARINGS, REACH_M, Surroundings, nearness
from vla_sim.free_space import free_ranges
from vla_train.lesson import View

RANGE_ERROR = 0.06
"""Spread of the error of a look, as a share of the range."""
FULL_CIRCLE: npt.NDArray[np.float32] = np.linspace(
    -math.pi, math.pi, 60, endpoint=False, dtype=np.float32
)
SEEN_NOTHING = 0.3
"""Share of single looks that are the first one."""

Array = npt.NDArray[np.float32]


class Survey:
    """Looks with the error of a network, and keeps what it saw."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._kept = Surroundings()

    def __call__(self, view: View, state: Array, stamp: int) -> Array:
        """What was kept before this look ``[SECTORS]``; see `Surroundings.features`."""
        about = self._kept.features(state)
        self._kept.take(_blurred(self._rng, ranges_in(view)), state, stamp)
        return about


def ranges_in(view: View) -> Array:
    """The truth of how far it is free in the bearings of a look ``[RANGES]`` [m]."""
    return free_ranges(view.room, view.pose, BEARINGS)


def glanced(rng: np.random.Generator, view: View) -> Array:
    """What might have been kept by who looks once: an arc of the full circle, or nothing.

    The arc includes what is in view.
    """
    if rng.random() < SEEN_NOTHING:
        return nearness(np.zeros((0, 2), dtype=np.float32))
    ranges = _blurred(rng, free_ranges(view.room, view.pose, FULL_CIRCLE))
    right, left = rng.uniform(float(BEARINGS[-1]), math.pi, size=2)
    within = (-right < FULL_CIRCLE) & (left > FULL_CIRCLE)
    kept = within & (ranges < REACH_M)
    angles = FULL_CIRCLE[kept]
    return nearness(ranges[kept, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _blurred(rng: np.random.Generator, ranges: Array) -> Array:
    blurred: Array = ranges * np.exp(rng.normal(0.0, RANGE_ERROR, len(ranges))).astype(np.float32)
    return blurred
