# SPDX-License-Identifier: Apache-2.0
"""How the policy does: time of one inference, waits, images replaced, failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_monitor import topics
from vla_monitor.check import Check, StreamWatch, summarise
from vla_monitor.report import Report, Value, quantile_values
from vla_monitor.settings import Settings
from vla_monitor.stream import RunningTotal
from vla_monitor.window import SlidingWindow


@dataclass(frozen=True)
class InferenceSample:
    """What vla_node says of one inference.

    Times are in ms; `images_...`, `failures` and `chunk_overruns` are running totals. `action`
    is its first action by field, normalised to [-1, 1]; `error` what failed, empty where nothing.
    """

    preprocess_ms: float
    inference_ms: float
    queue_wait_ms: float
    age_ms: float
    action_norm: float
    images_received: int
    images_dropped: int
    failures: int
    chunk_overruns: int = 0
    images_repeated: int = 0
    action: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


class InferenceMeasure:
    """Inference time and what surrounds it."""

    SUBJECT = "Inference"

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._settings = settings
        self._watch = StreamWatch("inference", "vla_node", topics.INFERENCE, settings, start_s)
        self._inference_ms = SlidingWindow()
        self._preprocess_ms = SlidingWindow()
        self._queue_wait_ms = SlidingWindow()
        self._ready_age_ms = SlidingWindow()
        self._received, self._received_lately = _since_now(), SlidingWindow()
        self._dropped, self._dropped_lately = _since_now(), SlidingWindow()
        self._failures, self._failures_lately = _since_now(), SlidingWindow()
        self._overruns, self._overruns_lately = _since_now(), SlidingWindow()
        self._repeated = _since_now()
        self._unreadable = 0
        self._slow = Check("vla_node: inference p95", "inference.p95_ms", settings)
        self._dropping = Check(
            "vla_node: share of images dropped", "inference.drop_ratio", settings
        )
        self._failing = Check("vla_node: failed inferences lately", "inference.failures", settings)
        self._overrunning = Check(
            "vla_node: chunks that ran out lately", "inference.chunk_overruns", settings
        )

    @property
    def seen(self) -> bool:
        """Whether there has been any inference."""
        return self._watch.stream.seen

    def sample(self, sample: InferenceSample, now_s: float) -> bool:
        """Notes one inference; whether its picture was the same as the one before."""
        self._watch.stream.tick(now_s)
        self._inference_ms.add(sample.inference_ms, now_s)
        self._preprocess_ms.add(sample.preprocess_ms, now_s)
        self._queue_wait_ms.add(sample.queue_wait_ms, now_s)
        self._ready_age_ms.add(sample.age_ms, now_s)
        self._received_lately.add(self._received.update(sample.images_received), now_s)
        self._dropped_lately.add(self._dropped.update(sample.images_dropped), now_s)
        self._failures_lately.add(self._failures.update(sample.failures), now_s)
        self._overruns_lately.add(self._overruns.update(sample.chunk_overruns), now_s)
        return self._repeated.update(sample.images_repeated) > 0

    def unreadable(self) -> None:
        """Notes a message that does not hold what it should."""
        self._unreadable += 1

    def report(self, now_s: float, expected: bool) -> Report:
        """Level and values now; `expected`: the policy has an instruction to follow."""
        span_s = self._settings.level_window_s
        self._watch.update(now_s, expected)
        self._slow.update(self._inference_ms.p95(now_s, span_s), now_s)
        self._dropping.update(self._drop_ratio(now_s, span_s), now_s)
        self._failing.update(self._failures_lately.total(now_s, span_s), now_s)
        self._overrunning.update(self._overruns_lately.total(now_s, span_s), now_s)
        late = (self._slow, self._dropping, self._failing, self._overrunning)
        checks = (*self._watch.checks, *late)
        fine = "the policy keeps its times" if expected else "idle: no instruction"
        level, message = summarise(checks, fine)
        return Report(self.SUBJECT, level, message, self._values(now_s))

    def _drop_ratio(self, now_s: float, span_s: float) -> float | None:
        received = self._received_lately.total(now_s, span_s)
        return self._dropped_lately.total(now_s, span_s) / received if received else None

    def _values(self, now_s: float) -> dict[str, Value]:
        span_s = self._settings.window_s
        drop_ratio = self._drop_ratio(now_s, span_s)
        return {
            **self._watch.values(now_s),
            **quantile_values(self._inference_ms.quantiles(now_s, span_s)),
            **quantile_values(self._preprocess_ms.quantiles(now_s, span_s), prefix="preprocess_"),
            **quantile_values(self._queue_wait_ms.quantiles(now_s, span_s), prefix="queue_wait_"),
            **quantile_values(self._ready_age_ms.quantiles(now_s, span_s), prefix="age_"),
            "images_received": self._received.total,
            "images_dropped": self._dropped.total,
            "drop_ratio": 0.0 if drop_ratio is None else drop_ratio,
            "failures": self._failures.total,
            "chunk_overruns": self._overruns.total,
            "images_repeated": self._repeated.total,
            "unreadable_messages": self._unreadable,
        }


def _since_now() -> RunningTotal:
    """A total of vla_node, which may have run for long before the monitor listened."""
    return RunningTotal(since_start=False)
