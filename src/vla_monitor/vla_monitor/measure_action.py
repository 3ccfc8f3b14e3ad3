# SPDX-License-Identifier: Apache-2.0
"""How large the actions of the policy are, and how unlike those that it was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from vla_monitor.check import Check, summarise
from vla_monitor.report import Report, Value, quantile_values
from vla_monitor.settings import TWIST_FIELDS, Settings, TrainingActions
from vla_monitor.window import SlidingWindow

FAR = 1e9  # stands for a number that is not finite: beyond every limit


def training_distance(action: Mapping[str, float], training: TrainingActions) -> float | None:
    """How far an action lies from those of the training, in their standard deviations.

    The root of the mean square over the axes: about 1 for an action as in training. None where
    the action has not the axes of the training.
    """
    if set(action) != set(training.axes):
        return None
    parts = zip(training.axes, training.mean, training.std, strict=True)
    squares = [((action[axis] - mean) / std) ** 2 for axis, mean, std in parts]
    return math.sqrt(sum(squares) / len(squares))


class ActionMeasure:
    """The first action of each chunk, normalised to [-1, 1] for each field."""

    SUBJECT = "Action"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._norms = SlidingWindow()
        self._distances = SlidingWindow()
        self._sizes: dict[str, SlidingWindow] = {}
        self._count = 0
        self._not_finite = 0
        self._large = Check("vla_node: action norm p95", "action.norm", settings)
        self._strange = Check(
            "vla_node: distance of the actions from the training p95", "action.distance", settings
        )

    def action(self, norm: float, action: Mapping[str, float], now_s: float) -> float | None:
        """Notes one action; its distance from the training, None where that is not known."""
        self._count += 1
        if not math.isfinite(norm) or not all(map(math.isfinite, action.values())):
            self._not_finite += 1
            self._norms.add(FAR, now_s)
            return None
        self._norms.add(norm, now_s)
        for axis, value in action.items():
            if axis in TWIST_FIELDS:
                self._sizes.setdefault(axis, SlidingWindow()).add(abs(value), now_s)
        training = self._settings.training_actions
        distance = None if training is None else training_distance(action, training)
        if distance is not None:
            self._distances.add(distance, now_s)
        return distance

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        span_s = self._settings.level_window_s
        self._large.update(self._norms.p95(now_s, span_s), now_s)
        self._strange.update(self._distances.p95(now_s, span_s), now_s)
        level, message = summarise([self._large, self._strange], "actions are of usual size")
        return Report(self.SUBJECT, level, message, self._values(now_s))

    def _values(self, now_s: float) -> dict[str, Value]:
        span_s = self._settings.window_s
        values: dict[str, Value] = {"count": self._count, "not_finite": self._not_finite}
        values |= quantile_values(self._norms.quantiles(now_s, span_s), unit="")
        distances = self._distances.quantiles(now_s, span_s)
        values |= quantile_values(distances, unit="", prefix="distance_")
        for axis, sizes in self._sizes.items():
            prefix = f"{axis}."
            values |= quantile_values(sizes.quantiles(now_s, span_s), unit="", prefix=prefix)
        return values
