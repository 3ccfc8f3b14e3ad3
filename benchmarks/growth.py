# SPDX-License-Identifier: Apache-2.0
"""What an image costs our node as everything around it grows, and whether memory stays flat."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.figures import Figure, Report, at_most
from benchmarks.graph import SAMPLE_S, Contender, Scene, our_node, record
from benchmarks.spread import over_rounds, percentiles, slope

ROUNDS, SECONDS = 3, 10.0
WIDTHS = (160, 320, 640, 1280, 1920)
CAMERAS = (1, 2, 3, 4)
HISTORIES = (1, 2, 4, 8, 16)
HORIZONS = (1, 2, 4, 8, 16, 32, 64)
SOAK_MINUTES = float(os.environ.get("VLA_BENCH_SOAK_MINUTES", "30"))
SOAK_HZ = 60.0
SOAK_BEGIN_S = 60.0
"""From the start on; until then buffers fill."""
SOAK_BAR_MB = 2.0


def measure(
    rounds: int = ROUNDS, seconds: float = SECONDS, soak_minutes: float = SOAK_MINUTES
) -> Report:
    """Each size in turn, all but one held as they are by default; then the soak."""
    sweeps: dict[str, tuple[Sequence[int], Callable[[int], tuple[Contender, Scene]]]] = {
        "pixels": ([width * _height(width) for width in WIDTHS], _of_pixels),
        "cameras": (CAMERAS, _of_cameras),
        "history": (HISTORIES, _of("HISTORY")),
        "horizon": (HORIZONS, _of("HORIZON")),
    }
    figures: list[Figure] = []
    measured: dict[str, Any] = {}
    for name, (sizes, stage) in sweeps.items():
        summary = _sweep(sizes, stage, rounds, seconds)
        measured[name] = {str(size): values for size, values in summary.items()}
        for cost in ("p50", "cpu_ms_an_image"):
            exponent = slope(sizes, [summary[size][cost]["median"] for size in sizes])
            figures.append(at_most(f"exponent of {cost} in {name}", exponent, 1.0))
    grown_mb, memory = _soak(soak_minutes)
    measured["soak"] = {"minutes": soak_minutes, "rate_hz": SOAK_HZ, "memory_mb": memory}
    figures.append(at_most(f"memory grown in {soak_minutes:g} min [MB]", grown_mb, SOAK_BAR_MB))
    return Report(figures, measured)


def _sweep(
    sizes: Sequence[int],
    stage: Callable[[int], tuple[Contender, Scene]],
    rounds: int,
    seconds: float,
) -> dict[int, dict[str, dict[str, float]]]:
    collected: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            recording = record(*stage(size), seconds)
            collected[size].append(
                {
                    **percentiles(recording.latencies_ms().tolist()),
                    "cpu_ms_an_image": round(recording.cpu_ms_an_image(), 3),
                    "memory_mb": round(float(recording.memory_mb[-1]), 1),
                }
            )
    return {size: over_rounds(values) for size, values in collected.items()}


def _height(width: int) -> int:
    return width * 3 // 4


def _of_pixels(pixels: int) -> tuple[Contender, Scene]:
    width = next(width for width in WIDTHS if width * _height(width) == pixels)
    return our_node(), Scene(width, _height(width))


def _of_cameras(count: int) -> tuple[Contender, Scene]:
    further = [f"camera_{number}/image_raw" for number in range(1, count)]
    parameters: dict[str, Any] = {"camera__further_topics": json.dumps(further)} if further else {}
    node = our_node(variables={"VLA_BENCH_CAMERAS": str(count)}, **parameters)
    # The main one last: by then the others' images of the same instant are there.
    return node, Scene(topics=(*further, "camera/image_raw"))


def _of(name: str) -> Callable[[int], tuple[Contender, Scene]]:
    return lambda size: (our_node(variables={f"VLA_BENCH_{name}": str(size)}), Scene())


def _soak(minutes: float) -> tuple[float, list[float]]:
    """How much memory grew, and its size each minute [MB]."""
    recording = record(our_node(), Scene(rate_hz=SOAK_HZ), minutes * 60.0)
    memory = recording.memory_mb
    begin = min(round(SOAK_BEGIN_S / SAMPLE_S), len(memory) // 4)
    part = max((len(memory) - begin) // 10, 1)
    # Medians of the first and the last tenth: a single sample may fall into a collection.
    grown = np.median(memory[-part:]) - np.median(memory[begin : begin + part])
    each_minute = memory[:: round(60.0 / SAMPLE_S)]
    return float(grown), [round(float(value), 1) for value in each_minute]
