# SPDX-License-Identifier: Apache-2.0
"""What a check reports, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """What the gate does about a finding."""

    CLAMP = "clamp"  # the command is cut down to its limit and passes
    STOP = "stop"  # the fallback drives until the finding is gone
    LATCH = "latch"  # as STOP, and the e-stop latches: a person has to reset it


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a command, or with the lack of one.

    `check` is the key under which it is counted, `reason` its few words for people and `detail`
    a sentence. `value` and `limit` are what was compared, in `unit`, where there are numbers.
    """

    check: str
    reason: str
    severity: Severity
    detail: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    needs_fresh_commands: bool = False
