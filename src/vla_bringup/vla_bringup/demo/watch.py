# SPDX-License-Identifier: Apache-2.0
"""Notices a process that has died, or that runs but says nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vla_bringup.supervisor import Exit

SILENCE_S = 2.0
"""The slowest of the watched streams comes at a few Hz; a pause of this length is none."""

THINKING_S = 6.0
"""A new sentence is encoded before it is followed, which may take seconds the first time."""


@dataclass(frozen=True)
class Trouble:
    """A process that no longer does its part.

    Attributes:
        name: of the process.
        what: the fault in words, without a full stop.
        since_s: when it began, on the monotonic clock [s].
    """

    name: str
    what: str
    since_s: float


class Watch:
    """Follows the sign of life of each process.

    A process is judged from the first sign that was expected of it: call `expect` when it has
    to start talking, `heard` whenever it talks, and `excuse` when it may fall silent.
    """

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}
        self._limit_s: dict[str, float] = {}

    def expect(self, name: str, now_s: float, first_s: float = SILENCE_S) -> None:
        """From now on a sign is due, the first one within `first_s`."""
        self._last_s[name] = now_s
        self._limit_s[name] = first_s

    def heard(self, name: str, at_s: float) -> None:
        """A sign of life; of no account for a process from which none is expected."""
        if name in self._last_s and at_s > self._last_s[name]:
            self._last_s[name] = at_s
            self._limit_s[name] = SILENCE_S

    def excuse(self, name: str) -> None:
        """No sign is due from now on."""
        self._last_s.pop(name, None)

    def trouble(self, now_s: float, exits: Sequence[Exit]) -> Trouble | None:
        """What is wrong now: a death before a silence, and the longest silence first."""
        if exits:
            first = exits[0]
            return Trouble(first.name, str(first), first.at_s)
        silent = [
            name for name, last_s in self._last_s.items() if now_s - last_s > self._limit_s[name]
        ]
        if not silent:
            return None
        name = min(silent, key=lambda each: self._last_s[each])
        what = f"{name} silent for {self._limit_s[name]:.0f} s"
        return Trouble(name, what, self._last_s[name])
