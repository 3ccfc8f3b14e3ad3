# SPDX-License-Identifier: Apache-2.0
"""What is being driven while a policy thinks: the plan that its next chunk goes on from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vla_policy.errors import ObservationError

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Plan:
    """The rest of the last chunk, in the steps of the chunk that is asked for.

    Attributes:
        actions: ``[horizon, action_dim]`` float32, m/s and rad/s. Row ``i`` is what the last chunk
            says for step ``i`` of the next one; rows from `known` on are zero and mean nothing.
        frozen: how many steps will have been driven by these actions before the next chunk is
            there. They cannot be changed any more.
        known: how many rows the last chunk has.

    Raises:
        ObservationError: the shape or the counts make no sense, or an action is not finite.
    """

    actions: Array
    frozen: int
    known: int

    def __post_init__(self) -> None:
        if self.actions.ndim != 2 or not np.isfinite(self.actions).all():
            raise ObservationError(
                f"expected finite actions of shape [horizon, action_dim] for a plan, "
                f"got shape {list(self.actions.shape)}"
            )
        if not 0 <= self.frozen <= self.known <= len(self.actions):
            raise ObservationError(
                f"expected 0 <= frozen <= known <= {len(self.actions)} for a plan, "
                f"got frozen {self.frozen} and known {self.known}"
            )

    def weights(self) -> Array:
        """How firmly each step is held to the plan, ``[horizon]`` from 1 (frozen) to 0 (free).

        The soft mask of real-time chunking (arXiv 2506.07339, equation 5).
        """
        steps = np.arange(len(self.actions))
        nearness = (self.known - steps) / (self.known - self.frozen + 1)
        soft = nearness * np.expm1(nearness) / np.expm1(1.0)
        held = np.where(steps < self.frozen, 1.0, np.where(steps < self.known, soft, 0.0))
        return held.astype(np.float32)
