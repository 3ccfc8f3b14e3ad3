# SPDX-License-Identifier: Apache-2.0
"""Actions as tokens in uniform bins, as in RT-1 (arXiv 2212.06817, section 5.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_policy.errors import ActionSpecError

BINS = 256
ROUNDING = 1e-4
"""Share of a bin by which a value may lie below it and still belong to it: a bin's own value,
as float32 has it, comes back to its bin."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class ActionPart:
    """Some values of an action that belong together.

    Attributes:
        name: what it is called.
        size: number of values; of choices, where it is one of several.
        low, high: bounds of each value.
        discrete: whether it is one of `size` choices (one-hot) and so a single token.

    Raises:
        ActionSpecError: the size or the bounds make no sense.
    """

    name: str
    size: int
    low: float = -1.0
    high: float = 1.0
    discrete: bool = False

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ActionSpecError(f"{self.name} must have at least 1 value (got {self.size})")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ActionSpecError(
                f"bounds of {self.name} must be finite with low < high "
                f"(got {self.low} and {self.high})"
            )

    @property
    def tokens(self) -> int:
        """Number of tokens that stand for it."""
        return 1 if self.discrete else self.size


@dataclass(frozen=True)
class ActionTokenizer:
    """Actions, part by part, to tokens and back.

    A value belongs to the bin at or below it; the last bin holds the largest value alone, as in
    the paper's code. So what comes back lies below what went in, by less than
    ``(high - low) / (bins - 1)``.

    Attributes:
        parts: of an action, in the order of the tokens.
        bins: for each value.

    Raises:
        ActionSpecError: a name stands twice, or there are fewer bins than choices.
    """

    parts: tuple[ActionPart, ...]
    bins: int = BINS

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if not names or len(set(names)) != len(names):
            raise ActionSpecError(f"parts must have names of their own (got {', '.join(names)})")
        most = max([2, *(part.size for part in self.parts if part.discrete)])
        if self.bins < most:
            raise ActionSpecError(f"bins must be >= {most} (got {self.bins})")

    @classmethod
    def of(cls, spec: ActionSpec, bins: int = BINS) -> ActionTokenizer:
        """That of the fields of a Twist, each a part with one value in m/s or rad/s."""
        bounds = zip(spec.names, spec.low, spec.high, strict=True)
        return cls(tuple(ActionPart(name, 1, low, high) for name, low, high in bounds), bins)

    @property
    def tokens_per_action(self) -> int:
        """Number of tokens that an action becomes."""
        return sum(part.tokens for part in self.parts)

    def tokenise(self, action: Mapping[str, npt.ArrayLike]) -> npt.NDArray[np.int64]:
        """Parts by name, ``[..., size]`` each, to tokens ``[..., tokens_per_action]``.

        Raises:
            ActionSpecError: a part is missing, of another size or not finite, or a choice is not
                one-hot.
        """
        found = []
        for part in self.parts:
            values = self._of_part(part, action)
            if part.discrete:
                if not ((values.sum(-1) == 1) & np.isin(values, (0, 1)).all(-1)).all():
                    raise ActionSpecError(f"{part.name} must be one-hot (got {values.tolist()})")
                found.append(values.argmax(axis=-1)[..., None])
            else:
                share = (values.clip(part.low, part.high) - part.low) / (part.high - part.low)
                found.append((share * (self.bins - 1) + ROUNDING).astype(np.int64))
        return np.concatenate(found, axis=-1)

    def detokenise(self, tokens: npt.ArrayLike) -> dict[str, Array]:
        """Tokens ``[..., tokens_per_action]`` to the parts by name, ``[..., size]`` each.

        A network may say what is no choice at all: that is the first one.

        Raises:
            ActionSpecError: there are not `tokens_per_action` of them, or one is none of `bins`.
        """
        array = np.asarray(tokens)
        if array.ndim == 0 or array.shape[-1] != self.tokens_per_action:
            raise ActionSpecError(
                f"expected tokens of shape [..., {self.tokens_per_action}], "
                f"got {list(array.shape)}"
            )
        if not np.isin(array, np.arange(self.bins)).all():
            raise ActionSpecError(
                f"tokens must be whole numbers from 0 to {self.bins - 1} (got {array.tolist()})"
            )
        action: dict[str, Array] = {}
        for part, begin in zip(self.parts, self._begins, strict=True):
            own = array[..., begin : begin + part.tokens]
            if part.discrete:
                choice = np.where(own < part.size, own, 0)
                action[part.name] = (choice == np.arange(part.size)).astype(np.int64)
            else:
                share = own / (self.bins - 1)
                action[part.name] = (part.low + share * (part.high - part.low)).astype(np.float32)
        return action

    @cached_property
    def _begins(self) -> list[int]:
        sizes = [part.tokens for part in self.parts]
        return [sum(sizes[:place]) for place in range(len(sizes))]

    def _of_part(self, part: ActionPart, action: Mapping[str, npt.ArrayLike]) -> Array:
        if part.name not in action:
            raise ActionSpecError(f"the action lacks {part.name}")
        values = np.asarray(action[part.name], dtype=np.float64)
        if values.ndim == 0 or values.shape[-1] != part.size:
            raise ActionSpecError(
                f"expected {part.name} of shape [..., {part.size}], got {list(values.shape)}"
            )
        if not np.isfinite(values).all():
            raise ActionSpecError(f"{part.name} must be finite (got {values.tolist()})")
        return values


RT1_ACTION = (
    ActionPart("terminate_episode", 3, discrete=True),
    ActionPart("world_vector", 3),
    ActionPart("rotation_delta", 3, -math.pi / 2, math.pi / 2),
    ActionPart("gripper_closedness_action", 1),
    ActionPart("base_displacement_vertical_rotation", 1, -math.pi, math.pi),
    ActionPart("base_displacement_vector", 2),
)
"""The paper's action: a mode, seven values of the arm and three of the base; names, order and
bounds are those of its code and of the published checkpoints."""
