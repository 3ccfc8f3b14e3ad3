# SPDX-License-Identifier: Apache-2.0
"""What the robot was told, and when."""

from __future__ import annotations

from vla_monitor.levels import Level
from vla_monitor.report import Report, Value

MAX_SHOWN = 120  # characters of an instruction in a status: more hides the rest of the table


class InstructionMeasure:
    """The newest instruction. It is never bad in itself: vla_node refuses what is."""

    SUBJECT = "Instruction"

    def __init__(self) -> None:
        self._text: str | None = None
        self._since_s = 0.0
        self._count = 0
        self._changes = 0

    def instruction(self, text: str, now_s: float) -> None:
        """Notes an instruction; the same sentence again is no change."""
        self._count += 1
        shown = _shown(text)
        if shown != self._text:
            self._text, self._since_s = shown, now_s
            self._changes += 1

    @property
    def wants_motion(self) -> bool | None:
        """Whether the policy has something to follow; None when nothing was ever said."""
        return None if self._text is None else bool(self._text)

    def report(self, now_s: float) -> Report:
        """The sentence and how long it has stood."""
        told = {None: "none given yet", "": "none: told to stop"}.get(self._text, self._text)
        age_s = 0.0 if self._text is None else now_s - self._since_s
        values: dict[str, Value] = {
            "count": self._count,
            "changes": self._changes,
            "since_s": age_s,
            "text": self._text or "",
        }
        return Report(self.SUBJECT, Level.OK, str(told), values)


def _shown(text: str) -> str:
    """The text on one line, without what a terminal would obey, at most MAX_SHOWN long."""
    clean = "".join(c if c.isprintable() else " " for c in text[: 4 * MAX_SHOWN]).strip()
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 1] + "…"
