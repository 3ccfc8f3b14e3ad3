# SPDX-License-Identifier: Apache-2.0
"""How the actions were that a policy was trained on: what its actions are later compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.errors import CheckpointError

LEAST_STD = 1e-3
"""A value that never changed in training must not make all others look infinitely strange."""


@dataclass(frozen=True)
class ActionStatistics:
    """Mean and standard deviation of actions that are normalised to [-1, 1].

    Attributes:
        mean, std: of each value, in the order of the action spec.
        norm_mean, norm_std: of an action's L2 norm.

    Raises:
        CheckpointError: a number is not finite, or a standard deviation is not positive.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    norm_mean: float
    norm_std: float

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std):
            raise CheckpointError(
                f"action_statistics: mean and std must be of one length "
                f"(got {len(self.mean)} and {len(self.std)})"
            )
        spreads = (*self.std, self.norm_std)
        if not all(math.isfinite(v) for v in (*self.mean, self.norm_mean, *spreads)):
            raise CheckpointError(f"action_statistics must be finite (got {self})")
        if min(spreads) <= 0.0:
            raise CheckpointError(f"action_statistics: std must be > 0 (got {min(spreads)})")

    @classmethod
    def of(cls, actions: npt.NDArray[np.floating[Any]]) -> ActionStatistics:
        """Those of normalised actions ``[N, action_dim]``; N is at least 1."""
        norms = np.linalg.norm(actions, axis=1)
        return cls(
            mean=tuple(actions.mean(axis=0, dtype=np.float64).tolist()),
            std=tuple(np.maximum(actions.std(axis=0, dtype=np.float64), LEAST_STD).tolist()),
            norm_mean=float(norms.mean(dtype=np.float64)),
            norm_std=max(float(norms.std(dtype=np.float64)), LEAST_STD),
        )

    def to_dict(self) -> dict[str, Any]:
        """The statistics as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ActionStatistics:
        """The statistics that `to_dict` wrote.

        Raises:
            CheckpointError: a key is missing or a value makes no sense.
        """
        try:
            return cls(
                mean=tuple(float(value) for value in values["mean"]),
                std=tuple(float(value) for value in values["std"]),
                norm_mean=float(values["norm_mean"]),
                norm_std=float(values["norm_std"]),
            )
        except KeyError as error:
            raise CheckpointError(f"action_statistics lack the key {error}") from error
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"action_statistics are malformed: {error}") from error
