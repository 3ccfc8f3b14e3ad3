# SPDX-License-Identifier: Apache-2.0
"""What the gate decides at one tick."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from vla_safety.finding import Finding
from vla_safety.source import Command
from vla_safety.velocity import Velocity


class State(Enum):
    """What the gate is doing."""

    DISARMED = "disarmed"
    WAITING = "waiting"
    PASSING = "passing"
    CLAMPING = "clamping"
    SLOWING = "slowing"
    STOPPED = "stopped"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class Decision:
    """One tick's outcome: the `command` for the robot and why it is what it is.

    `interventions` are the findings that kept the source's word from passing as it was; `heard`
    is the newest command that arrived, accepted or not; `ramping` says that an acceleration limit
    shapes the command, which is no intervention.
    """

    command: Velocity
    state: State
    reason: str
    source: str
    interventions: tuple[Finding, ...] = ()
    heard: Command | None = None
    ramping: bool = False


class KeptOut(NamedTuple):
    """Why the source may not drive, and the key of the fallback policy that does."""

    state: State
    reason: str
    fallback: str
    interventions: tuple[Finding, ...]
