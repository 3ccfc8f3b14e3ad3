# SPDX-License-Identifier: Apache-2.0
"""What a check reports, and how grave it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """What the gate does about a finding; the graver is the greater."""

    CLAMP = 1  # the command is cut down to what is allowed and passes
    SLOW = 2  # the command passes, within a share of the velocity limits
    STOP = 3  # a fallback policy drives until the finding is gone
    LATCH = 4  # as STOP, and the e-stop latches: a person has to reset it

    @property
    def keeps_out(self) -> bool:
        """Whether the source may not drive."""
        return self >= Severity.STOP


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a command, or with the lack of one.

    `check` is the key under which it is counted, `reason` its few words for people and `detail`
    a sentence. `value` and `limit` are what was compared, in `unit`, where there are numbers.
    `share` is what a finding of severity SLOW leaves of the velocity limits. A `fault` is one that
    a healthy source never makes: several in a row latch the e-stop.
    """

    check: str
    reason: str
    severity: Severity
    detail: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    needs_fresh_commands: bool = False
    share: float = 1.0
    fault: bool = False


def gravest_of_a_kind(findings: Iterable[Finding | None]) -> tuple[Finding, ...]:
    """One finding of each check, the first of its gravest, in the order of the checks' first."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        if finding is None:
            continue
        known = kept.get(finding.check)
        if known is None or finding.severity > known.severity:
            kept[finding.check] = finding
    return tuple(kept.values())
