# SPDX-License-Identifier: Apache-2.0
"""Running numbers of the node."""

from __future__ import annotations

import numpy as np

from vla_node.rate import RateMeter
from vla_node.worker import Result


class Statistics:
    """Counts what came in and what went out.

    Attributes:
        images_received: readable images, while active.
        images_refused: images that could not be read.
        inferences: answers of the policy, failures included.
        failures: inferences that raised.
        failures_in_a_row: failures since the last success.
        last: the last result; None before the first.
    """

    def __init__(self) -> None:
        self.images_received = 0
        self.images_refused = 0
        self.inferences = 0
        self.failures = 0
        self.failures_in_a_row = 0
        self.last: Result | None = None
        self._rate = RateMeter()

    def record(self, result: Result, steady_ns: int) -> None:
        """Take one result into account."""
        self.last = result
        self.inferences += 1
        self._rate.count(steady_ns)
        if result.chunk is None:
            self.failures += 1
            self.failures_in_a_row += 1
        else:
            self.failures_in_a_row = 0

    def rate_hz(self, steady_ns: int) -> float:
        """Inferences per second in the last few seconds."""
        return self._rate.rate_hz(steady_ns)


def inference_values(result: Result, statistics: Statistics, dropped: int) -> dict[str, float]:
    """The numbers of one inference, under the names that ``vla/inference`` has for them."""
    return {
        "preprocess_ms": result.preprocess_ms,
        "inference_ms": result.inference_ms,
        "queue_wait_ms": result.queue_wait_ms,
        "age_ms": result.age_ms,
        "action_norm": action_norm(result),
        "images_received": statistics.images_received,
        "images_dropped": dropped,
        "failures": statistics.failures,
    }


def action_norm(result: Result) -> float:
    """L2 norm of the first action, normalised to [-1, 1]; 0 where the inference failed."""
    if result.chunk is None:
        return 0.0
    return float(np.linalg.norm(result.chunk.spec.normalise(result.chunk.actions[0])))
