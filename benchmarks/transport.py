# SPDX-License-Identifier: Apache-2.0
"""Ways to send images, with the same minimal node: why our defaults are what they are."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.figures import Report, at_most
from benchmarks.graph import Contender, Scene, default_environment, floor, record
from benchmarks.spread import over_rounds, percentiles
from vla_bringup.environment import MALLOC, PROFILE, TRANSPORT, TRANSPORT_PROFILES

ROUNDS, SECONDS = 3, 10.0
LARGE_DATA = {TRANSPORT: "LARGE_DATA"}
LARGE_DATA_WITH_ROOM = {
    TRANSPORT: "LARGE_DATA?max_msg_size=16MB&sockets_size=16MB&non_blocking=true"
}
SIZES = ((320, 240), (640, 480), (1920, 1080))


def measure(rounds: int = ROUNDS, seconds: float = SECONDS) -> Report:
    """Each way with each executor and three image sizes, in turn."""
    measured = {}
    for width, height in SIZES:
        scene = Scene(width, height)
        collected: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds):
            for contender in contenders():
                recording = record(contender, scene, seconds)
                collected.setdefault(contender.name, []).append(
                    {
                        **percentiles(recording.latencies_ms().tolist()),
                        "received_hz": round(recording.answers_per_s(), 2),
                        "cpu_s": round(recording.cpu_s, 4),
                    }
                )
        measured[f"{width}x{height}"] = {
            name: over_rounds(values) for name, values in collected.items()
        }
    middle = measured["640x480"]
    others = [name for name in middle if name != OURS and not name.startswith("defaults")]
    ours = middle[OURS]["p50"]["median"]
    best = min(middle[name]["p50"]["median"] for name in others)
    return Report(
        figures=[at_most("p50 of our choice in times of the best other one", ours / best, 1.05)],
        measured={"unit": "ms", **measured},
    )


OURS = "profile, malloc, events"


def contenders() -> list[Contender]:
    """Settings by name; all but the first two are read raw and by best effort."""
    profile = {TRANSPORT_PROFILES[0]: str(PROFILE)}
    ways: Mapping[str, Mapping[str, str]] = {
        "large_data": LARGE_DATA,
        "large_data with room": LARGE_DATA_WITH_ROOM,
        "profile": profile,
        "profile, malloc": {**profile, **MALLOC},
        "large_data, malloc": {**LARGE_DATA, **MALLOC},
    }
    bare = default_environment()
    listed = [floor("defaults, reliable", bare)]
    for name, variables in ways.items():
        for executor in ("single_threaded", "events"):
            label = f"{name}, {executor.removesuffix('_threaded')}"
            environment = {**bare, **variables}
            listed.append(floor(label, environment, "--ours", "--raw", "--executor", executor))
    return listed
