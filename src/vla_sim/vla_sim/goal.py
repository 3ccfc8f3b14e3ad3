# SPDX-License-Identifier: Apache-2.0
"""What a robot can be told to achieve, in numbers: what sentences, judge and expert share."""

from __future__ import annotations

from dataclasses import dataclass

from vla_sim.room import Solid


@dataclass(frozen=True)
class Reach:
    """Stand at a thing, or, where there is none, on a spot of the floor.

    Attributes:
        x, y: the thing's middle, or the spot [m].
    """

    target: Solid | None
    x: float
    y: float

    @classmethod
    def thing(cls, target: Solid) -> Reach:
        """Stand at this thing."""
        return cls(target, target.x, target.y)


@dataclass(frozen=True)
class Turn:
    """Turn on the spot by an angle [rad], counter-clockwise; `either`: whichever way round."""

    angle: float
    either: bool = False


@dataclass(frozen=True)
class Drive:
    """Drive straight ahead, or back where negative [m]."""

    distance: float


@dataclass(frozen=True)
class Follow:
    """Stay near a thing that moves."""

    target: Solid


@dataclass(frozen=True)
class Stop:
    """Stand still."""


Goal = Reach | Turn | Drive | Follow | Stop
