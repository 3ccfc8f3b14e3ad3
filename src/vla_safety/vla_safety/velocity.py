# SPDX-License-Identifier: Apache-2.0
"""A velocity as plain numbers: the six fields of a Twist."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple


class Velocity(NamedTuple):
    """The six Twist fields [m/s, rad/s] in the order of `AXES`; not necessarily finite."""

    linear_x: float = 0.0
    linear_y: float = 0.0
    linear_z: float = 0.0
    angular_x: float = 0.0
    angular_y: float = 0.0
    angular_z: float = 0.0

    @property
    def finite(self) -> bool:
        """Whether all six numbers are finite."""
        return all(map(isfinite, self))


ZERO = Velocity()

AXES = tuple(field.replace("_", ".") for field in Velocity._fields)  # "linear.x" ... "angular.z"


def unit(axis: str) -> str:
    """Unit of a velocity along `axis`."""
    return "m/s" if axis.startswith("linear.") else "rad/s"
