# SPDX-License-Identifier: Apache-2.0
"""Asks a backend that was just opened a few things whose answers are known, before it drives.

A runtime may be wrong on one processor or in one version, and nothing else would show it: the
actions still look like actions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vla_policy.backends import graphs
from vla_policy.backends.backend import ACTIONS, Backend
from vla_policy.backends.reference import FLIP, Reference
from vla_policy.errors import BackendError

OBSERVATIONS = 16
MOST_FLIPS = 0.25
"""Of the observations. What eight bits or bfloat16 flip by rounding is a twentieth at most; this
is for who is wrong altogether. `vla_policy.backends.trial` asks how exact a backend is."""


def refuse_wrong_answers(backend: Backend, directory: Path) -> None:
    """Compare with the reference of the checkpoint in `directory`, where it has one of its own.

    Raises:
        BackendError: other actions come out than those of eager float32, or the reference is
            damaged.
    """
    if graphs.obstacle(directory, graphs.REFERENCE):
        return  # it has none, or one of other weights
    path = directory / graphs.FOLDER / graphs.REFERENCE
    reference = Reference.load(path, OBSERVATIONS)
    right = sum(
        # NaN is not near anything either.
        bool((np.abs(backend.run(inputs)[ACTIONS][0] - expected) <= FLIP).all())
        for inputs, expected in zip(reference.rows(), reference.actions, strict=True)
    )
    wrong = len(reference) - right
    if wrong > MOST_FLIPS * len(reference):
        raise BackendError(
            f"backend {backend.name!r} gives other actions here than the network it was exported "
            f"from, in {wrong} of {len(reference)} observations of {path}: name another backend, "
            "or export the checkpoint anew (`vla export`)"
        )
