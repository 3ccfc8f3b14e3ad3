# SPDX-License-Identifier: Apache-2.0
"""All sources of commands, and which of them has the word."""

from __future__ import annotations

from collections.abc import Iterator

from vla_safety.source import Profile, Source


class Sources:
    """Sources by priority: the highest that is live has the word.

    A higher one takes over at once. When the one that has the word falls silent the robot comes
    to a standstill first, and only then may a lower one drive: whoever let go of the stick did
    not ask for the policy to go on from there at full speed.
    """

    def __init__(self, profiles: tuple[Profile, ...]) -> None:
        self._by_name = {profile.name: Source(profile) for profile in profiles}
        self.active = self._by_name[profiles[0].name]

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Source:
        return self._by_name[name]

    def configure(self, profiles: tuple[Profile, ...]) -> None:
        """Take profiles of the same sources with other timeouts."""
        for profile in profiles:
            self._by_name[profile.name].profile = profile

    def choose(self, now_steady_ns: int, standing: bool) -> Source:
        """The one that has the word now; `standing`: the robot is told to stand still."""
        live = [source for source in self if source.is_live(now_steady_ns)]
        best = max(live, key=lambda source: source.profile.priority, default=self.active)
        higher = best.profile.priority > self.active.profile.priority
        if higher or (standing and not self.active.is_live(now_steady_ns)):
            self.active = best
        return self.active

    def wants_to_move(self, now_steady_ns: int) -> bool:
        """Whether any of them asks for a movement."""
        return any(source.wants_to_move(now_steady_ns) for source in self)
