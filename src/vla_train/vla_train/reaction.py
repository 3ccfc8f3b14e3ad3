# SPDX-License-Identifier: Apache-2.0
"""Chunks of actions that come late."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

Actions = npt.NDArray[np.float32]


class Reaction:
    """Takes a chunk at each look, and says what is driven when.

    Args:
        dt: from one action of a chunk to the next, and from one look to the next [s].
        latency_s: from a look to when its chunk begins to be driven. Actions are driven at the
            time that they are meant for: those that are late are left out.
    """

    def __init__(self, dt: float, latency_s: float) -> None:
        self._dt = dt
        self._latency_s = latency_s
        # Those that are on their way, the one that is driven, and one to spare.
        self._chunks: deque[tuple[float, Actions]] = deque(maxlen=math.ceil(latency_s / dt) + 2)

    def take(self, actions: Actions, seen_s: float) -> None:
        """Actions ``[horizon, 2]`` for the time from `seen_s` on."""
        self._chunks.append((seen_s, actions))

    def action(self, time_s: float) -> tuple[float, float]:
        """What is driven then: m/s, rad/s; standstill past the end of a chunk.

        Args:
            time_s: not before the last look.
        """
        latest_s = time_s - self._latency_s + 1e-6
        for seen_s, actions in reversed(self._chunks):
            if seen_s <= latest_s:
                index = int((time_s - seen_s) / self._dt + 1e-6)
                if index < len(actions):
                    return float(actions[index, 0]), float(actions[index, 1])
                break
        return 0.0, 0.0
