# SPDX-License-Identifier: Apache-2.0
"""From the picture to the wheels: how old an image is when the command made of it leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence


class LatencyMeter:
    """Pairs each image that the policy has used with the gate's next command.

    The policy's commands carry the stamp of their image. The first command of the gate
    that is received after one with a new stamp ends the measurement of that image.
    """

    def __init__(self) -> None:
        self._newest_stamp = 0
        self._waiting: list[tuple[int, int]] = []
        self._samples_ms: list[float] = []

    def policy_command(self, stamp: int, received: int) -> None:
        """A command of the policy, with its image's stamp; both on the node clock [ns]."""
        if stamp > self._newest_stamp:
            self._newest_stamp = stamp
            self._waiting.append((stamp, received))

    def command(self, received: int) -> None:
        """A command of the gate, received at that time on the node clock [ns]."""
        answered = [stamp for stamp, since in self._waiting if since <= received]
        self._waiting = [wait for wait in self._waiting if wait[1] > received]
        self._samples_ms += [(received - stamp) / 1e6 for stamp in answered]

    @property
    def last_ms(self) -> float | None:
        """The last measurement [ms]; None before the first."""
        return self._samples_ms[-1] if self._samples_ms else None

    def take(self) -> list[float]:
        """All measurements since the last call [ms]."""
        taken, self._samples_ms, self._waiting = self._samples_ms, [], []
        return taken


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None of nothing."""
    if not values:
        return None
    rank = max(1, math.ceil(share * len(values)))
    return sorted(values)[rank - 1]
