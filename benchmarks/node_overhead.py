# SPDX-License-Identifier: Apache-2.0
"""Image published to command received, against the least that a node can do."""

from __future__ import annotations

from benchmarks.figures import Report, at_most
from benchmarks.graph import (
    Scene,
    default_environment,
    floor,
    our_environment,
    our_node,
    record,
)
from benchmarks.spread import over_rounds, percentiles

ROUNDS, SECONDS = 5, 20.0


def measure(rounds: int = ROUNDS, seconds: float = SECONDS) -> Report:
    """Contenders in turn: our node without its network, the floor as we start it, the floor as a
    distribution starts it, and one that does not even make a message of the image."""
    contenders = [
        our_node(),
        floor("floor", our_environment(), "--ours"),
        floor("floor_with_defaults", default_environment()),
        floor("floor_without_message", our_environment(), "--ours", "--raw"),
    ]
    measured: dict[str, list[dict[str, float]]] = {each.name: [] for each in contenders}
    for _ in range(rounds):
        for contender in contenders:
            recording = record(contender, Scene(), seconds, inferences=False)
            latencies = recording.latencies_ms()
            measured[contender.name].append(
                {
                    **percentiles(latencies.tolist()),
                    "answered_hz": round(recording.answers_per_s(), 2),
                    "cpu_ms_an_image": round(recording.cpu_ms_an_image(), 3),
                }
            )
    summary = {name: over_rounds(values) for name, values in measured.items()}
    node, least, defaults, _ = (summary[each.name] for each in contenders)
    return Report(
        figures=[
            at_most("p50 in times of the floor", _ratio(node, least, "p50"), 1.3),
            at_most("p99 in times of the floor", _ratio(node, least, "p99"), 2.0),
            at_most(
                "p50 of the floor in times of the floor with defaults",
                _ratio(least, defaults, "p50"),
                0.25,
            ),
        ],
        measured={"unit": "ms", "rounds": rounds, "seconds_a_round": seconds, **summary},
    )


def _ratio(
    one: dict[str, dict[str, float]], other: dict[str, dict[str, float]], name: str
) -> float:
    return one[name]["median"] / other[name]["median"]
