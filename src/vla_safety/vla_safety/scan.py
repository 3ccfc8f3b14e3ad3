# SPDX-License-Identifier: Apache-2.0
"""One turn of a laser scanner as plain points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


def _nowhere() -> npt.NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What a scanner saw: `points` [N, 2] in its own frame [m, x ahead, y left], all finite.

    `bearings` [M] are the directions [rad] of all rays that told something, be it that nothing
    is there. It arrived at `arrived_ns` [steady]; by its stamp it was then `delay_ns` >= 0 old.
    """

    points: npt.NDArray[np.float64]
    arrived_ns: int
    delay_ns: int = 0
    bearings: npt.NDArray[np.float64] = field(default_factory=_nowhere)
