# SPDX-License-Identifier: Apache-2.0
"""Which action of a chunk is due now."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionChunk


class ChunkPlayer:
    """Plays one chunk from the time of its observation on, and never past its end.

    An action is held for its step ``dt``, as `ActionChunk` defines it and as the policy was
    trained and is evaluated; smoothing the edges is the business of the gate's acceleration
    limits. A late chunk is entered at the action that is due, not at its first one.

    How far a chunk has come is the larger of two measures: the node clock minus the stamp of the
    observation, and the steady time since that image arrived. So neither a paused ``/clock``
    nor a clock that jumps back can hold an action.
    """

    def __init__(self) -> None:
        self._chunk: ActionChunk | None = None
        self._seen_ns = 0

    @property
    def chunk(self) -> ActionChunk | None:
        """The chunk that is being played, or was until it ran out."""
        return self._chunk

    def load(self, chunk: ActionChunk, seen_ns: int) -> None:
        """Play `chunk` from now on; its image arrived at steady time `seen_ns`."""
        self._chunk = chunk
        self._low = np.asarray(chunk.spec.low, dtype=np.float32)
        self._high = np.asarray(chunk.spec.high, dtype=np.float32)
        self._seen_ns = seen_ns

    def drop(self) -> None:
        """Play nothing."""
        self._chunk = None

    def step(self, now_ns: int, steady_ns: int) -> int:
        """Index of the step that is due; at or past the horizon nothing is left to play."""
        if self._chunk is None:
            return 0
        elapsed_ns = max(now_ns - self._chunk.observation_stamp, steady_ns - self._seen_ns, 0)
        return elapsed_ns // round(self._chunk.spec.dt * 1e9)

    def due(self, now_ns: int, steady_ns: int) -> npt.NDArray[np.float32] | None:
        """The action ``[action_dim]`` for this instant, within its bounds; None past the end."""
        if self._chunk is None:
            return None
        step = self.step(now_ns, steady_ns)
        if step >= self._chunk.spec.horizon:
            return None
        return np.clip(self._chunk.actions[step], self._low, self._high)
