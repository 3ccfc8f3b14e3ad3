# SPDX-License-Identifier: Apache-2.0
"""The measurements as Prometheus metrics: histograms of times, and what the reports say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from vla_monitor.report import Report, Value
from vla_monitor.stream import RunningTotal

# Seconds. Fine where a control loop lives (5 to 500 ms), coarse beyond: a robot that waits for
# longer has stopped anyway.
LATENCY_BUCKETS: Final = (
    *(0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075),
    *(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0),
)

TIMES: Final = {
    "vla_inference_seconds": "Time of one inference",
    "vla_preprocess_seconds": "Time from image message to network input",
    "vla_queue_wait_seconds": "Time that an image waited for the policy",
    "vla_policy_command_age_seconds": "Age of the image behind a new command of the policy",
    "vla_command_age_seconds": "Age of the image behind a new command to the base",
    "vla_camera_interval_seconds": "Time from one image to the next",
    "vla_command_interval_seconds": "Time from one command to the base to the next",
}
"""Histograms: name and meaning."""


@dataclass(frozen=True)
class Row:
    """A metric that shows a value of a report: `key` of `subject`, times `factor`.

    With a `label`, the key is a pattern with one `*`, and what stands for it becomes the label.
    """

    metric: str
    meaning: str
    subject: str
    key: str
    factor: float = 1.0
    label: str = ""

    def matches(self, values: Mapping[str, Value]) -> Iterator[tuple[str, float]]:
        """The label's value and the number for each key that fits."""
        before, _, after = self.key.partition("*")
        for key, value in values.items():
            middle = key[len(before) : len(key) - len(after)]
            fits = key.startswith(before) and key.endswith(after) and middle
            if isinstance(value, int | float) and (fits if self.label else key == self.key):
                yield middle, self.factor * value


GAUGES: Final = (
    Row("vla_camera_rate_hz", "Images a second", "Camera", "rate_hz"),
    Row(
        "vla_camera_jitter_seconds",
        "Mean deviation of the time between images",
        "Camera",
        "jitter_ms",
        1e-3,
    ),
    Row(
        "vla_camera_unchanged_seconds",
        "Time for which the picture stayed the same while the robot was driven",
        "Camera",
        "unchanged_s",
    ),
    Row("vla_inference_rate_hz", "Inferences a second", "Inference", "rate_hz"),
    Row("vla_image_drop_ratio", "Share of images not used", "Inference", "drop_ratio"),
    Row(
        "vla_policy_command_rate_hz",
        "Commands of the policy a second",
        "Policy Command",
        "rate_hz",
    ),
    Row("vla_command_rate_hz", "Commands to the base a second", "Command", "rate_hz"),
    Row("vla_action_norm", "Median norm of the normalised action", "Action", "p50"),
    Row("vla_action_distance", "Median distance from the training", "Action", "distance_p50"),
    Row("vla_action_size", "Median size along each axis", "Action", "*.p50", label="axis"),
    Row("vla_gate_level", "0 passes, 1 warns, 2 stops", "Gate", "gate_level"),
    Row("vla_gate_state", "1 for the present state", "Gate", "in_state.*", label="state"),
    Row("vla_clip_ratio", "Share of the policy's commands cut down", "Gate", "clip_ratio"),
    Row("vla_intervention_rate_per_minute", "Interventions", "Interventions", "rate_per_min"),
    Row("vla_process_up", "1 while it runs", "Processes", "*.running", label="process"),
    Row(
        "vla_process_cpu_ratio",
        "CPU time, 1 is one core",
        "Processes",
        "*.cpu_percent",
        1e-2,
        "process",
    ),
    Row(
        "vla_process_memory_bytes",
        "Resident memory",
        "Processes",
        "*.memory_mb",
        1e6,
        "process",
    ),
    Row("vla_gpu_busy_ratio", "Share of time busy", "GPU", "*.busy_percent", 1e-2, "gpu"),
    Row("vla_gpu_memory_bytes", "Memory in use", "GPU", "*.memory_mb", 1e6, "gpu"),
    Row("vla_gpu_memory_total_bytes", "Memory", "GPU", "*.memory_total_mb", 1e6, "gpu"),
)

COUNTERS: Final = (
    Row("vla_images_total", "Images of the camera", "Camera", "count"),
    Row("vla_images_received_total", "Images at the policy", "Inference", "images_received"),
    Row("vla_images_dropped_total", "Images replaced by newer", "Inference", "images_dropped"),
    Row("vla_inferences_total", "Inferences", "Inference", "count"),
    Row("vla_inference_failures_total", "Inferences that failed", "Inference", "failures"),
    Row("vla_chunk_overruns_total", "Chunks that ran out", "Inference", "chunk_overruns"),
    Row("vla_policy_commands_total", "Commands of the policy", "Policy Command", "count"),
    Row("vla_commands_total", "Commands to the base", "Command", "count"),
    Row("vla_instruction_changes_total", "New instructions", "Instruction", "changes"),
    Row(
        "vla_interventions_total",
        "Interventions of the gate",
        "Interventions",
        "count.*",
        label="reason",
    ),
    Row("vla_process_starts_total", "Starts", "Processes", "*.starts", label="process"),
    Row("vla_events_logged_total", "Lines of the event log", "Event Log", "lines"),
    Row("vla_events_lost_total", "Events not written down", "Event Log", "lines_lost"),
)


class Metrics:
    """A registry that holds every metric of one robot; scraping it may come from any thread."""

    def __init__(self, robot_name: str) -> None:
        disable_created_metrics()  # when each began to count is nobody's question here
        self.registry = here = CollectorRegistry()
        info = Gauge("vla_robot_info", "1, with the robot's name", ["robot"], registry=here)
        info.labels(robot_name).set(1)
        self._levels = Gauge(
            "vla_status_level", "0 OK, 1 WARN, 2 ERROR", ["subject"], registry=here
        )
        self._times = {
            name: Histogram(name, meaning, buckets=LATENCY_BUCKETS, registry=here)
            for name, meaning in TIMES.items()
        }
        self._gauges = [
            Gauge(row.metric, row.meaning, _labels(row), registry=here) for row in GAUGES
        ]
        self._counters = [
            Counter(row.metric, row.meaning, _labels(row), registry=here) for row in COUNTERS
        ]
        self._totals: dict[tuple[str, str], RunningTotal] = {}

    def time(self, metric: str, seconds: float) -> None:
        """Notes one time of a histogram; one below 0 comes of clocks that differ."""
        if seconds >= 0.0 and math.isfinite(seconds):
            self._times[metric].observe(seconds)

    def show(self, reports: Sequence[Report]) -> None:
        """Takes over what the reports say."""
        by_subject = {report.subject: report for report in reports if report.prefixed}
        for report in by_subject.values():
            self._levels.labels(report.subject).set(report.level)
        for row, gauge in zip(GAUGES, self._gauges, strict=True):
            for label, number in _numbers(row, by_subject):
                (gauge.labels(label) if row.label else gauge).set(number)
        for row, counter in zip(COUNTERS, self._counters, strict=True):
            for label, number in _numbers(row, by_subject):
                total = self._totals.setdefault((row.metric, label), RunningTotal())
                (counter.labels(label) if row.label else counter).inc(total.update(int(number)))

    def text(self) -> bytes:
        """Everything in the text format that Prometheus scrapes."""
        return generate_latest(self.registry)


def _labels(row: Row) -> list[str]:
    return [row.label] if row.label else []


def _numbers(row: Row, reports: Mapping[str, Report]) -> Iterator[tuple[str, float]]:
    report = reports.get(row.subject)
    return iter(()) if report is None else row.matches(report.values)
