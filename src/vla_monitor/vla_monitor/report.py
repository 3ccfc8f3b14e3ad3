# SPDX-License-Identifier: Apache-2.0
"""What the monitor says about one subject, before it becomes a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vla_monitor.levels import Level
from vla_monitor.window import Quantiles

Value = float | int | str


@dataclass(frozen=True)
class Report:
    """One subject's level, sentence and values at one moment.

    `prefixed`: its status is named after the monitor too; otherwise the subject is the name.
    """

    subject: str
    level: Level
    message: str
    values: Mapping[str, Value]
    prefixed: bool = True


def quantile_values(quantiles: Quantiles, unit: str = "ms", prefix: str = "") -> dict[str, Value]:
    """The four numbers under the keys `p50_ms`, `p95_ms`, `p99_ms`, `max_ms`.

    `prefix` comes before each key; an empty `unit` leaves the ending away.
    """
    ending = f"_{unit}" if unit else ""
    return {
        f"{prefix}p50{ending}": quantiles.p50,
        f"{prefix}p95{ending}": quantiles.p95,
        f"{prefix}p99{ending}": quantiles.p99,
        f"{prefix}max{ending}": quantiles.max,
    }
