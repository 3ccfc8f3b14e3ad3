# SPDX-License-Identifier: Apache-2.0
"""Which convolutions of a network are worth eight bits."""

from __future__ import annotations

from collections.abc import Mapping

SHARE = 0.5


def narrow(weights: Mapping[str, int]) -> list[str]:
    """Names of the convolutions that stay in float32: with less than half of the most weights.

    Args:
        weights: how many each convolution has, by name.
    """
    most = max(weights.values(), default=0)
    return [name for name, count in weights.items() if count < SHARE * most]
