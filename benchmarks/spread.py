# SPDX-License-Identifier: Apache-2.0
"""Medians with their spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Count, median, 95th and 99th percentile of one round; all NaN where there is no value."""
    if len(values) == 0:
        nan = float("nan")
        return {"count": 0, "p50": nan, "p95": nan, "p99": nan}
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    return {
        "count": len(values),
        "p50": round(float(p50), 3),
        "p95": round(float(p95), 3),
        "p99": round(float(p99), 3),
    }


def over_rounds(rounds: Iterable[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median, lowest and highest of each number over the rounds of a contender."""
    collected: dict[str, list[float]] = {}
    for each in rounds:
        for name, value in each.items():
            collected.setdefault(name, []).append(value)
    return {
        name: {
            "median": float(np.median(values)),
            "low": float(min(values)),
            "high": float(max(values)),
        }
        for name, values in collected.items()
    }


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Exponent with which a cost grows with a size: 1 is linear, 0 is not at all.

    The steepest between neighbours would be noise: it is the slope of the line through all
    points, both axes logarithmic.
    """
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
