# SPDX-License-Identifier: Apache-2.0
"""How long to wait before something that died is started again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class BackOff:
    """Waits that grow with each death, and are short again after a life that was long.

    Attributes:
        first_s: the wait after the first death [s].
        longest_s: that no wait exceeds [s].
        factor: from one wait to the next.
        healthy_s: a life of this length starts the waits anew [s].
    """

    first_s: float = 1.0
    longest_s: float = 30.0
    factor: float = 2.0
    healthy_s: float = 60.0

    def __post_init__(self) -> None:
        if not 0.0 < self.first_s <= self.longest_s:
            raise ValueError(
                f"the first wait must be > 0 s and at most the longest, {self.longest_s} s "
                f"(got {self.first_s})"
            )
        if self.factor < 1.0:
            raise ValueError(f"waits must not shrink: factor must be >= 1 (got {self.factor})")
        self._next_s = self.first_s

    def wait_after(self, life_s: float) -> float:
        """The wait after a life of `life_s` that has just ended [s]."""
        if life_s >= self.healthy_s:
            self._next_s = self.first_s
        wait_s = self._next_s
        self._next_s = min(wait_s * self.factor, self.longest_s)
        return wait_s
