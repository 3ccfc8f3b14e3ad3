# SPDX-License-Identifier: Apache-2.0
"""Measures how long a policy takes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from vla_policy.action import ActionChunk
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.wrappers.wrapper import PolicyWrapper


class TimedPolicy(PolicyWrapper):
    """Another policy, with a record of its last times.

    Calls that fail count too: a model that gives up after a second was slow.
    """

    def __init__(
        self,
        policy: Policy,
        keep: int = 1000,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Keep the times of the last `keep` calls of `act`."""
        super().__init__(policy)
        self._clock_ns = clock_ns
        self._times_ms: deque[float] = deque(maxlen=keep)

    def act(self, observation: Observation) -> ActionChunk:
        """The other policy's chunk."""
        started = self._clock_ns()
        try:
            return self._policy.act(observation)
        finally:
            self._times_ms.append((self._clock_ns() - started) * 1e-6)

    @property
    def times_ms(self) -> tuple[float, ...]:
        """Times of the last calls, the oldest first."""
        return tuple(self._times_ms)

    def percentile_ms(self, percent: float) -> float:
        """What so many of the last calls stay below; NaN before the first."""
        if not self._times_ms:
            return float("nan")
        return float(np.percentile(self._times_ms, percent))
