# SPDX-License-Identifier: Apache-2.0
"""Which action is due now, of the chunks that have come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_node.blending import Action, Blending, replace, temporal_ensemble
from vla_policy.action import ActionChunk

BLEND_STEPS = 2
"""In so many steps of a chunk it has taken over: a few control periods, and less than a replan."""


@dataclass(frozen=True, eq=False)
class Playing:
    """A chunk whose image arrived at steady time `seen_ns`.

    How far it has come is the larger of two measures: the node clock minus the stamp of the
    observation, and the steady time since that image arrived. So neither a paused ``/clock``
    nor a clock that jumps back can hold an action.
    """

    chunk: ActionChunk
    seen_ns: int

    @property
    def step_ns(self) -> int:
        """Length of a step."""
        return self.chunk.spec.step_ns

    def elapsed_ns(self, now_ns: int, steady_ns: int) -> int:
        """How far it has come."""
        return max(now_ns - self.chunk.observation_stamp, steady_ns - self.seen_ns, 0)

    def step(self, now_ns: int, steady_ns: int) -> int:
        """Index of the step that is due."""
        return self.elapsed_ns(now_ns, steady_ns) // self.step_ns

    def is_live(self, now_ns: int, steady_ns: int) -> bool:
        """Whether it has an action for this instant."""
        return self.step(now_ns, steady_ns) < self.chunk.spec.horizon

    def action(self, now_ns: int, steady_ns: int) -> Action:
        """Its action ``[action_dim]`` for this instant, while it is live."""
        return self.chunk.actions[self.step(now_ns, steady_ns)]


class ChunkPlayer:
    """Plays chunks from the time of their observation on.

    An action is held for its step ``dt``, as `ActionChunk` defines it and as the policy was
    trained and is evaluated. A late chunk is entered at the action that is due, not at its first
    one. When the newest chunk has run out, the last action driven shrinks to zero within
    `ramp_ns`; after that nothing is due.
    """

    def __init__(self, blending: Blending = replace, ramp_ns: int = 0) -> None:
        self._blending = blending
        self._blends_all = blending is temporal_ensemble
        self._ramp_ns = ramp_ns
        self._chunks: list[Playing] = []
        self._driven: Action | None = None  # the last action that was due
        self._before: Action | None = None  # the one that was as the newest chunk came
        self._entered_ns: int | None = None  # when the newest chunk was first played
        self._played: Playing | None = None  # the newest chunk that was live when one was due

    @property
    def chunk(self) -> ActionChunk | None:
        """The newest chunk that an action came from, or else that is loaded."""
        newest = self._played or (self._chunks[-1] if self._chunks else None)
        return None if newest is None else newest.chunk

    def load(self, chunk: ActionChunk, seen_ns: int) -> None:
        """Play `chunk` from now on; its image arrived at steady time `seen_ns`."""
        if not self._blends_all:
            # The last one is still needed where the new one turns out to be past its end.
            del self._chunks[:-1]
        self._chunks.append(Playing(chunk, seen_ns))
        self._before = self._driven
        self._entered_ns = None

    def drop(self) -> None:
        """Play nothing."""
        self._chunks.clear()
        self._driven = self._before = self._entered_ns = self._played = None

    def step(self, now_ns: int, steady_ns: int) -> int:
        """Index of the step that is due; at or past the horizon nothing is left to play."""
        return self._chunks[-1].step(now_ns, steady_ns) if self._chunks else 0

    def due(self, now_ns: int, steady_ns: int) -> Action | None:
        """The action ``[action_dim]`` of this instant, in its bounds; None when all is over."""
        live = [each for each in self._chunks if each.is_live(now_ns, steady_ns)]
        # What has run out is kept only to tell which chunk was the last.
        self._chunks = live or self._chunks[-1:]
        if not live:
            return self._ramp(now_ns, steady_ns)
        self._played = newest = live[-1]
        said = [each.action(now_ns, steady_ns) for each in live]
        action = self._blending(said, self._before, self._share(newest, steady_ns))
        self._driven = newest.chunk.spec.clip(action)
        return self._driven

    def _share(self, newest: Playing, steady_ns: int) -> float:
        if self._entered_ns is None:
            self._entered_ns = steady_ns
        elapsed_ns = max(steady_ns - self._entered_ns, 0)
        return min(elapsed_ns / (BLEND_STEPS * newest.step_ns), 1.0)

    def _ramp(self, now_ns: int, steady_ns: int) -> Action | None:
        """What is left of the last action; a chunk that came past its end has no part in it."""
        if self._driven is None or self._played is None:
            return None
        end_ns = self._played.chunk.spec.horizon * self._played.step_ns
        past_ns = self._played.elapsed_ns(now_ns, steady_ns) - end_ns
        if past_ns >= self._ramp_ns:
            self._driven = None
            return None
        return np.asarray(self._driven * np.float32(1.0 - past_ns / self._ramp_ns))
