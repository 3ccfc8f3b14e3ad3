# SPDX-License-Identifier: Apache-2.0
"""How large the actions of the policy are."""

from __future__ import annotations

import math

from vla_monitor.check import Check, summarise
from vla_monitor.report import Report, Value, quantile_values
from vla_monitor.settings import Settings
from vla_monitor.window import SlidingWindow


class ActionMeasure:
    """The norm of the first action of each chunk, normalised to [-1, 1] for each field."""

    SUBJECT = "Action"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._norms = SlidingWindow()
        self._count = 0
        self._not_finite = 0
        self._large = Check("vla_node: action norm p95", "action.norm", settings)

    def norm(self, norm: float, now_s: float) -> None:
        """Notes one norm; one that is not finite counts as far beyond every limit."""
        self._count += 1
        if not math.isfinite(norm):
            self._not_finite += 1
            norm = 1e9
        self._norms.add(norm, now_s)

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        self._large.update(self._norms.p95(now_s, self._settings.level_window_s), now_s)
        level, message = summarise([self._large], "actions are of usual size")
        quantiles = self._norms.quantiles(now_s, self._settings.window_s)
        values: dict[str, Value] = {"count": self._count, "not_finite": self._not_finite}
        return Report(self.SUBJECT, level, message, values | quantile_values(quantiles, unit=""))
