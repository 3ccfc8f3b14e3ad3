# SPDX-License-Identifier: Apache-2.0
"""How a new chunk takes over from those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Action = npt.NDArray[np.float32]

ENSEMBLE_DECAY = 0.01
"""The ``m`` of ACT's temporal ensemble (arXiv 2304.13705, section IV-B)."""


class Blending(Protocol):
    """Makes one action of what several chunks say for the same instant."""

    def __call__(self, said: Sequence[Action], last: Action | None, share: float) -> Action:
        """The action ``[action_dim]`` to be driven.

        Args:
            said: what each chunk says for now that has not run out, the oldest first; the last
                one is the newest chunk's.
            last: the action that was driven as the newest chunk came; None where none was.
            share: how far the newest chunk has taken over, from 0 to 1.
        """
        ...


def replace(said: Sequence[Action], last: Action | None, share: float) -> Action:
    """The newest chunk's action."""
    return said[-1]


def linear(said: Sequence[Action], last: Action | None, share: float) -> Action:
    """From what was driven to the newest chunk's action, at a constant pace."""
    if last is None:
        return said[-1]
    return np.asarray((1.0 - share) * last + share * said[-1], dtype=np.float32)


def temporal_ensemble(said: Sequence[Action], last: Action | None, share: float) -> Action:
    """The mean of all chunks, the older ones a little heavier, as in ACT."""
    weights = np.exp(-ENSEMBLE_DECAY * np.arange(len(said)))
    return np.average(said, axis=0, weights=weights).astype(np.float32)


RTC = "rtc"
"""Real-time chunking: the policy itself makes chunks that go on from what is driven."""

_BY_NAME: dict[str, Blending] = {
    "replace": replace,
    "linear": linear,
    "temporal_ensemble": temporal_ensemble,
    RTC: replace,
}
BLENDINGS = tuple(_BY_NAME)


def make_blending(name: str) -> Blending:
    """The blending of that name, one of `BLENDINGS`."""
    return _BY_NAME[name]
