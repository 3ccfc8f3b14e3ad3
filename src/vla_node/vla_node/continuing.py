# SPDX-License-Identifier: Apache-2.0
"""What the next chunk goes on from, for policies that can (real-time chunking)."""

from __future__ import annotations

from collections import deque

import numpy as np

from vla_policy.action import ActionChunk
from vla_policy.plan import Plan

KEPT_DELAYS = 10
"""The longest of the last ten is expected, as in arXiv 2506.07339, algorithm 1."""


class Continuation:
    """Plans from the last chunk, and how much of it is driven while the policy thinks.

    The delay is counted in steps that were driven from an observation to its chunk. An inference
    that also had a sentence to encode is slower than those to come: it counts only for as long
    as there is no other.
    """

    def __init__(self) -> None:
        self._delays: deque[int] = deque(maxlen=KEPT_DELAYS)
        self._only_cold = True
        self._last: tuple[ActionChunk, int] | None = None

    @property
    def delay_steps(self) -> int:
        """Steps that are expected to be driven before the next chunk is there."""
        return max(self._delays, default=0)

    def note(self, chunk: ActionChunk, task: int, elapsed_ns: int, cold: bool) -> None:
        """A chunk of a task is ready, `elapsed_ns` after its observation."""
        self._last = chunk, task
        if cold and not self._only_cold:
            return
        if self._only_cold:
            self._delays.clear()
            self._only_cold = cold
        self._delays.append(-(-max(elapsed_ns, 0) // chunk.spec.step_ns))

    def plan(self, stamp: int, task: int) -> Plan | None:
        """What is driven from `stamp` on; None where nothing of that task is left to drive."""
        if self._last is None or self._last[1] != task:
            return None
        chunk, _ = self._last
        step_ns = chunk.spec.step_ns
        # The last chunk's step that has most in common with step 0 of the next one.
        passed = (stamp - chunk.observation_stamp + step_ns // 2) // step_ns
        if not 0 <= passed < chunk.spec.horizon:
            return None
        rest = chunk.actions[passed:]
        actions = np.zeros_like(chunk.actions)
        actions[: len(rest)] = rest
        return Plan(actions, frozen=min(self.delay_steps, len(rest)), known=len(rest))
