# SPDX-License-Identifier: Apache-2.0
"""What a policy may command: the action space, and a chunk of actions in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_policy.errors import ActionSpecError

TWIST_FIELDS = ("linear.x", "linear.y", "linear.z", "angular.x", "angular.y", "angular.z")
"""The fields of geometry_msgs/Twist, in the frame of the robot's base (REP 103)."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ActionSpec:
    """The action space of a policy: names, bounds, step and horizon.

    Attributes:
        names: fields of a Twist that the policy commands, e.g. ``("linear.x", "angular.z")``.
        low: smallest value of each, in m/s (linear) or rad/s (angular).
        high: largest value of each, same units.
        dt: time that one action is meant to be driven [s].
        horizon: number of actions in a chunk.

    Raises:
        ActionSpecError: a field is unknown or named twice, a bound is not finite or
            ``low >= high``, ``dt <= 0`` or ``horizon < 1``.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    dt: float
    horizon: int

    def __post_init__(self) -> None:
        if not self.names:
            raise ActionSpecError("an action spec must name at least one field of a Twist")
        for name in self.names:
            if name not in TWIST_FIELDS:
                raise ActionSpecError(
                    f"unknown action {name!r}: expected one of {', '.join(TWIST_FIELDS)}"
                )
        if len(set(self.names)) != len(self.names):
            raise ActionSpecError(f"an action is named twice: {', '.join(self.names)}")
        if not len(self.names) == len(self.low) == len(self.high):
            raise ActionSpecError(
                f"names, low and high must have one entry each per action "
                f"(got {len(self.names)}, {len(self.low)} and {len(self.high)})"
            )
        for name, low, high in zip(self.names, self.low, self.high, strict=True):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ActionSpecError(
                    f"bounds of {name} must be finite with low < high (got {low} and {high})"
                )
        if not (math.isfinite(self.dt) and self.dt > 0):
            raise ActionSpecError(f"dt must be > 0 s (got {self.dt})")
        if self.horizon < 1:
            raise ActionSpecError(f"horizon must be at least 1 action (got {self.horizon})")

    @property
    def action_dim(self) -> int:
        """Number of values in one action."""
        return len(self.names)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each action: m/s for the linear fields, rad/s for the angular ones."""
        return tuple("m/s" if name.startswith("linear") else "rad/s" for name in self.names)

    @property
    def duration(self) -> float:
        """Time that a whole chunk covers [s]."""
        return self.dt * self.horizon

    @property
    def step_ns(self) -> int:
        """`dt` in nanoseconds, as stamps have them."""
        return round(self.dt * 1e9)

    def normalise(self, actions: npt.ArrayLike) -> Array:
        """Physical actions ``[..., action_dim]`` to the model's [-1, 1], clipped."""
        low, span = self._bounds
        scaled = 2.0 * (self._checked(actions) - low) / span - 1.0
        return scaled.clip(-1.0, 1.0).astype(np.float32)

    def unnormalise(self, actions: npt.ArrayLike) -> Array:
        """The model's actions ``[..., action_dim]`` in [-1, 1] to m/s and rad/s, clipped."""
        low, span = self._bounds
        unit = self._checked(actions).clip(-1.0, 1.0)
        return (low + (unit + 1.0) * 0.5 * span).astype(np.float32)

    def differences(self, other: ActionSpec) -> list[str]:
        """One sentence for each respect in which `other` differs; empty where it fits."""
        pairs = (
            ("names", self.names, other.names),
            ("low", self.low, other.low),
            ("high", self.high, other.high),
            ("dt", self.dt, other.dt),
            ("horizon", self.horizon, other.horizon),
        )
        return [
            f"{name}: expected {mine}, got {theirs}"
            for name, mine, theirs in pairs
            if mine != theirs
        ]

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain JSON values."""
        return {
            "names": list(self.names),
            "units": list(self.units),
            "low": list(self.low),
            "high": list(self.high),
            "dt": self.dt,
            "horizon": self.horizon,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ActionSpec:
        """The spec that `to_dict` wrote.

        Raises:
            ActionSpecError: a key is missing or its value has the wrong type.
        """
        try:
            return cls(
                names=tuple(str(name) for name in values["names"]),
                low=tuple(float(value) for value in values["low"]),
                high=tuple(float(value) for value in values["high"]),
                dt=float(values["dt"]),
                horizon=int(values["horizon"]),
            )
        except KeyError as error:
            raise ActionSpecError(f"the action spec lacks the key {error}") from error
        except TypeError as error:
            raise ActionSpecError(f"the action spec is malformed: {error}") from error

    def clip(self, actions: Array) -> Array:
        """Physical actions ``[..., action_dim]`` within their bounds."""
        low, high = self._limits
        return actions.clip(low, high)

    @cached_property
    def _limits(self) -> tuple[Array, Array]:
        return np.array(self.low, dtype=np.float32), np.array(self.high, dtype=np.float32)

    @cached_property
    def _bounds(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        low = np.asarray(self.low, dtype=np.float64)
        return low, np.asarray(self.high, dtype=np.float64) - low

    def _checked(self, actions: npt.ArrayLike) -> npt.NDArray[np.float64]:
        array = np.asarray(actions, dtype=np.float64)
        if array.ndim == 0 or array.shape[-1] != self.action_dim:
            raise ActionSpecError(
                f"expected actions of shape [..., {self.action_dim}] "
                f"({', '.join(self.names)}), got {list(array.shape)}"
            )
        return array


@dataclass(frozen=True, eq=False)
class ActionChunk:
    """The actions that follow from one observation, in physical units.

    Action ``i`` is meant for the time from ``observation_stamp + i * dt`` to
    ``observation_stamp + (i + 1) * dt``; past the last one nothing is promised.

    Attributes:
        actions: ``[horizon, action_dim]`` float32, m/s and rad/s.
        observation_stamp: stamp of the newest image that it was computed from [ns].
        spec: the action space that the columns belong to.

    Raises:
        ActionSpecError: the shape does not fit the spec, or a value is not finite.
    """

    actions: Array
    observation_stamp: int
    spec: ActionSpec

    def __post_init__(self) -> None:
        expected = (self.spec.horizon, self.spec.action_dim)
        if self.actions.shape != expected:
            raise ActionSpecError(
                f"expected a chunk of shape {list(expected)}, got {list(self.actions.shape)}"
            )
        if not np.isfinite(self.actions).all():
            raise ActionSpecError("the model gave an action that is not finite; it is not driven")
