# SPDX-License-Identifier: Apache-2.0
"""The way that the robot has come, by its own commands."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from vla_safety.velocity import Velocity

# Less [m] is a turn on the spot; less [m, rad] of both is a rounding error.
_SPOT = 1e-6
_LONGEST = 2000  # pieces: 40 s at 50 Hz


class Piece(NamedTuple):
    """A short way: its length [m], negative backward, and the turn along it [rad]."""

    length: float
    turn: float

    @property
    def on_the_spot(self) -> bool:
        """Whether it leads nowhere."""
        return abs(self.length) < _SPOT


class Trail:
    """The pieces of the way, the newest last; the oldest are forgotten."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque(maxlen=_LONGEST)

    def add(self, velocity: Velocity, duration_s: float) -> None:
        """Note that `velocity` was driven for `duration_s`; standing still leaves no trace."""
        piece = Piece(velocity.linear_x * duration_s, velocity.angular_z * duration_s)
        if max(abs(piece.length), abs(piece.turn)) > _SPOT:
            self._pieces.append(piece)

    def last(self) -> Piece | None:
        """The newest piece, which leads back the first bit of the way."""
        return self._pieces[-1] if self._pieces else None

    def drop(self, length: float) -> None:
        """Forget the newest `length` [m], which has been driven back; a turn on the spot stays."""
        while self._pieces and not self._pieces[-1].on_the_spot:
            piece = self._pieces.pop()
            left = abs(piece.length) - length
            if left > _SPOT:
                share = left / abs(piece.length)
                self._pieces.append(Piece(piece.length * share, piece.turn * share))
                return
            length = max(-left, 0.0)
