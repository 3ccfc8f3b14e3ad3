# SPDX-License-Identifier: Apache-2.0
"""What checks and fallback policies see of the world at one tick."""

from __future__ import annotations

from dataclasses import dataclass

from vla_safety.instant import Instant
from vla_safety.odometry import Odometry
from vla_safety.picture import Picture
from vla_safety.source import Command
from vla_safety.surroundings import Surroundings
from vla_safety.velocity import Velocity


@dataclass(frozen=True, slots=True)
class Reading:
    """A number of a sensor, and when it arrived [ns, steady]."""

    value: float
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class Situation:
    """One tick: `command` is the newest that was accepted, `previous` the gate's last output.

    What was never heard is None: the scanner's `surroundings`, the `odometry`, the camera's
    `picture`, the policy's own `uncertainty`. `rivals` are the other publishers of the output.
    """

    now: Instant
    command: Command | None
    previous: Velocity
    surroundings: Surroundings | None = None
    odometry: Odometry | None = None
    picture: Picture | None = None
    uncertainty: Reading | None = None
    rivals: tuple[str, ...] = ()
