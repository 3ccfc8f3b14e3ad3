# SPDX-License-Identifier: Apache-2.0
"""Which tokens of a vocabulary stand for numbers: its last, which are its least used. No torch."""

from __future__ import annotations

BINS = 256
"""Edges from -1 to 1; between them lie the 255 bins that an action can fall into, and the centres
that it comes back as. OpenVLA's reading (arXiv 2406.09246, section 3.2) of RT-2's 256 bins (arXiv
2307.15818, section 3.2)."""
QUANTITIES = ("ahead", "left", "turned", "bearing", "distance")
"""What a robot says of itself, see `vla_policy.models.rt2.bins.SCALES`."""
SPOKEN = (len(QUANTITIES) + 1) * BINS
"""Tokens that stand for numbers: of each quantity, and behind them those of actions."""


def number_base(vocabulary: int, name: str) -> int:
    """The token of the first bin of a quantity; the others follow it."""
    return vocabulary - SPOKEN + QUANTITIES.index(name) * BINS
