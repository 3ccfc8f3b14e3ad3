# SPDX-License-Identifier: Apache-2.0
"""Between messages and the monitor's own types: conversion and nothing else."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Any, Final

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from vla_monitor.journal import Status
from vla_monitor.measure_inference import InferenceSample
from vla_monitor.report import Report, Value

NAME_PREFIX: Final = "vla_monitor: "
INFERENCE_STATUS: Final = "vla_node: Inference"
OURS: Final = "vla_"  # how the names of our nodes' statuses begin
ACTION_PREFIX: Final = "action."

# Below these speeds a base hardly moves, and the picture of its camera may well stay the same.
STILL_M_S: Final = 0.05
STILL_RAD_S: Final = 0.1


def stamp_to_ns(stamp: Any) -> int:
    """builtin_interfaces/Time as nanoseconds."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def stamp_off_the_wire(serialized: bytes) -> int | None:
    """The stamp [ns] of a message that begins with a std_msgs/Header, as it came over the wire.

    Plain CDR (DDSI-RTPS 2.5, 10.2.1.2): four bytes, of which the second says the byte order,
    then int32 seconds and uint32 nanoseconds. None for anything else.
    """
    order = {b"\x00": ">", b"\x01": "<"}.get(serialized[1:2])
    if order is None or len(serialized) < 12:
        return None
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", serialized, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def level_of(status: Any) -> int:
    """The level of a DiagnosticStatus, which is one byte, as a number."""
    return int.from_bytes(status.level, "little")


def values_of(status: Any) -> dict[str, str]:
    """The key-value pairs of a DiagnosticStatus."""
    return {pair.key: pair.value for pair in status.values}


def moves(twist: Any) -> bool:
    """Whether a geometry_msgs/Twist moves the base so much that its camera must see it."""
    linear, angular = twist.linear, twist.angular
    fastest = max(abs(linear.x), abs(linear.y), abs(linear.z))
    turning = max(abs(angular.x), abs(angular.y), abs(angular.z))
    return fastest > STILL_M_S or turning > STILL_RAD_S


def statuses_of_others(array: Any, hardware_id: str) -> list[Status]:
    """What our other nodes on this robot say in a DiagnosticArray."""
    return [
        Status(status.name, level_of(status), status.message, values_of(status))
        for status in array.status
        if status.name.startswith(OURS)
        and not status.name.startswith(NAME_PREFIX)
        and status.hardware_id == hardware_id
    ]


def inference_sample(array: Any) -> InferenceSample | None:
    """The inference that a DiagnosticArray of vla_node tells of; None if it is not readable.

    Times must be finite and totals whole numbers >= 0; the action may be anything.
    """
    for status in array.status:
        if status.name == INFERENCE_STATUS:
            error = status.message if level_of(status) else ""
            return _sample(values_of(status), error)
    return None


def _sample(values: dict[str, str], error: str) -> InferenceSample | None:
    try:
        sample = InferenceSample(
            preprocess_ms=float(values["preprocess_ms"]),
            inference_ms=float(values["inference_ms"]),
            queue_wait_ms=float(values["queue_wait_ms"]),
            age_ms=float(values["age_ms"]),
            action_norm=float(values["action_norm"]),
            images_received=int(values["images_received"]),
            images_dropped=int(values["images_dropped"]),
            failures=int(values["failures"]),
            # These came later: a recording of an older vla_node lacks them.
            chunk_overruns=int(values.get("chunk_overruns", 0)),
            images_repeated=int(values.get("images_repeated", 0)),
            action=_action(values),
            error=error,
        )
    except (KeyError, ValueError):
        return None
    times = (sample.preprocess_ms, sample.inference_ms, sample.queue_wait_ms, sample.age_ms)
    totals = (
        sample.images_received,
        sample.images_dropped,
        sample.failures,
        sample.chunk_overruns,
        sample.images_repeated,
    )
    return sample if all(map(math.isfinite, times)) and min(totals) >= 0 else None


def _action(values: dict[str, str]) -> dict[str, float]:
    return {
        key.removeprefix(ACTION_PREFIX): float(value)
        for key, value in values.items()
        if key.startswith(ACTION_PREFIX)
    }


def diagnostic_array(reports: Iterable[Report], hardware_id: str, stamp: Any) -> DiagnosticArray:
    """The reports as one message with the given stamp (builtin_interfaces/Time)."""
    array = DiagnosticArray()
    array.header.stamp = stamp
    array.status = [_status(report, hardware_id) for report in reports]
    return array


def _status(report: Report, hardware_id: str) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=bytes([report.level]),
        name=NAME_PREFIX + report.subject if report.prefixed else report.subject,
        message=report.message,
        hardware_id=hardware_id,
        values=[KeyValue(key=key, value=_text(value)) for key, value in report.values.items()],
    )


def _text(value: Value) -> str:
    """A number without unit and without exponent, so that every tool can plot it."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
