# SPDX-License-Identifier: Apache-2.0
"""Running numbers of the node."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vla_node.pilot import Phase
from vla_node.rate import RateMeter
from vla_node.worker import Result

COMPARED_ROWS = 64
"""Rows of an image that are compared with the image before: enough to see anything move."""


class Statistics:
    """Counts what came in and what went out.

    Attributes:
        images_received: readable images, while active.
        images_refused: images that could not be read.
        inferences: answers of the policy, failures included.
        failures: inferences that raised.
        failures_in_a_row: failures since the last success.
        chunk_overruns: times that a chunk ran out before the next one was there.
        images_repeated: inferences on the very same picture as the one before.
        last: the last result; None before the first.
    """

    def __init__(self) -> None:
        self.images_received = 0
        self.images_refused = 0
        self.inferences = 0
        self.failures = 0
        self.failures_in_a_row = 0
        self.chunk_overruns = 0
        self.images_repeated = 0
        self.last: Result | None = None
        self._rate = RateMeter()
        self._phase = Phase.SILENT
        self._rows: npt.NDArray[np.uint8] | None = None

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
        self._compare(result.request.images[-1])

    def follow(self, phase: Phase) -> None:
        """Take into account what the pilot does now."""
        if phase is Phase.RAN_OUT and self._phase is not Phase.RAN_OUT:
            self.chunk_overruns += 1
        self._phase = phase

    def rate_hz(self, steady_ns: int) -> float:
        """Inferences per second in the last few seconds."""
        return self._rate.rate_hz(steady_ns)

    def _compare(self, image: npt.NDArray[np.uint8]) -> None:
        """See whether the camera shows what it showed before, by some rows of the image."""
        rows = image[:: max(1, len(image) // COMPARED_ROWS)].copy()  # the image is not ours
        if self._rows is not None and np.array_equal(rows, self._rows):
            self.images_repeated += 1
        self._rows = rows


def inference_values(result: Result, statistics: Statistics, dropped: int) -> dict[str, float]:
    """The numbers of one inference, under the names that ``vla/inference`` has for them."""
    action = first_action(result)
    return {
        "preprocess_ms": result.preprocess_ms,
        "inference_ms": result.inference_ms,
        "queue_wait_ms": result.queue_wait_ms,
        "age_ms": result.age_ms,
        "action_norm": math.hypot(*action.values()),
        "images_received": statistics.images_received,
        "images_dropped": dropped,
        "failures": statistics.failures,
        "chunk_overruns": statistics.chunk_overruns,
        "images_repeated": statistics.images_repeated,
        **{f"action.{axis}": value for axis, value in action.items()},
    }


def first_action(result: Result) -> dict[str, float]:
    """The first action by field, normalised to [-1, 1]; empty where the inference failed."""
    if result.chunk is None:
        return {}
    normalised = result.chunk.spec.normalise(result.chunk.actions[0])
    return dict(zip(result.chunk.spec.names, map(float, normalised), strict=True))
