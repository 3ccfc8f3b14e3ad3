# SPDX-License-Identifier: Apache-2.0
"""Notices that somebody else drives the base as well."""

from __future__ import annotations

from typing import ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding
from vla_safety.situation import Situation


class SolePublisher(Check):
    """Finds another publisher of the gate's output: what it sends passes no check.

    This detects and cannot prevent: the base hears the other one, too. Access control (SROS 2)
    keeps others from publishing.
    """

    name: ClassVar[str] = "sole_publisher"
    fallback: ClassVar[str] = "brake"
    needs_command: ClassVar[bool] = False

    def watch(self, situation: Situation) -> Finding | None:
        """A finding while there is another one."""
        if not situation.rivals:
            return None
        return self.finding(
            "another publisher drives",
            f"the base hears {', '.join(situation.rivals)} as well, past this gate",
            value=float(len(situation.rivals)),
            limit=0.0,
        )
