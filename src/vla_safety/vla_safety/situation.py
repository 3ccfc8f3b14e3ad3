# SPDX-License-Identifier: Apache-2.0
"""What checks and fallback policies see of the world at one tick."""

from __future__ import annotations

from dataclasses import dataclass

from vla_safety.instant import Instant
from vla_safety.scan import Scan
from vla_safety.source import Command
from vla_safety.velocity import Velocity


@dataclass(frozen=True, slots=True)
class Situation:
    """One tick: `command` is the newest that was accepted, `previous` the gate's last output.

    `scan` is the newest of the scanner, or None when none has come.
    """

    now: Instant
    command: Command | None
    previous: Velocity
    scan: Scan | None = None
