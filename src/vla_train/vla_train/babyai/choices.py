# SPDX-License-Identifier: Apache-2.0
"""Actions that are one of a few choices: the discrete counterpart of `vla_policy.action`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.errors import ActionSpecError

LEFT, RIGHT, FORWARD, PICKUP, DROP, TOGGLE, DONE = range(7)


@dataclass(frozen=True)
class ChoiceSpec:
    """The action space of a policy that takes one of some choices at each step.

    The choices lie evenly in [-1, 1], the first at -1 and the last at 1. So the networks speak
    of them as they speak of velocities: a value that is cut into bins, each bin a choice
    (RT-1, arXiv 2212.06817, section 5.1).

    Attributes:
        names: what each choice is called, e.g. ``("left", "right", "forward")``.

    Raises:
        ActionSpecError: there are fewer than two, or two have the same name.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.names) < 2:
            raise ActionSpecError(f"there must be at least 2 choices (got {len(self.names)})")
        if len(set(self.names)) != len(self.names):
            raise ActionSpecError(f"a choice is named twice: {', '.join(self.names)}")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def action_dim(self) -> int:
        """Number of values in one action: which choice it is."""
        return 1

    @property
    def horizon(self) -> int:
        """Number of actions in a chunk: what is seen next decides anew."""
        return 1

    def normalise(self, choices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Numbers of choices ``[...]`` to the network's [-1, 1].

        Raises:
            ActionSpecError: there is no choice of that number.
        """
        numbers = np.asarray(choices)
        if ((numbers < 0) | (numbers >= len(self))).any():
            raise ActionSpecError(
                f"choices must be 0 to {len(self) - 1} (got {numbers.min()} to {numbers.max()})"
            )
        return (2.0 * numbers / (len(self) - 1) - 1.0).astype(np.float32)

    def unnormalise(self, actions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The network's values ``[...]`` to the numbers of the nearest choices."""
        unit = np.asarray(actions, dtype=np.float64).clip(-1.0, 1.0)
        return np.rint((unit + 1.0) * 0.5 * (len(self) - 1)).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain JSON values."""
        return {"choices": list(self.names)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ChoiceSpec:
        """The spec that `to_dict` wrote.

        Raises:
            ActionSpecError: the key is missing or its value has the wrong type.
        """
        try:
            return cls(tuple(str(name) for name in values["choices"]))
        except (KeyError, TypeError) as error:
            raise ActionSpecError(f"the spec of choices is malformed: {error!r}") from error


BABYAI_ACTIONS = ChoiceSpec(("left", "right", "forward", "pickup", "drop", "toggle", "done"))
"""minigrid's actions, by their numbers there."""
