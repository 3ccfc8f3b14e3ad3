# SPDX-License-Identifier: Apache-2.0
"""A moment on both clocks that the gate lives by."""

from __future__ import annotations

from typing import NamedTuple

SECOND_NS = 1_000_000_000


class Instant(NamedTuple):
    """One moment: steady [ns], which never jumps or pauses, and the node clock [ns] of stamps."""

    steady_ns: int
    clock_ns: int


def nanoseconds(seconds: float) -> int:
    """`seconds` as whole nanoseconds."""
    return round(seconds * SECOND_NS)
