# SPDX-License-Identifier: Apache-2.0
"""Our node against a textbook's: the same network, the same images, the same actions."""

from __future__ import annotations

import numpy as np

from benchmarks.exports import FastestExport, fastest_export
from benchmarks.figures import Report, at_least, at_most
from benchmarks.graph import Contender, Scene, default_environment, our_node, record
from benchmarks.processes import python_module
from benchmarks.programs.operator import INSTRUCTION
from benchmarks.spread import over_rounds, percentiles

ROUNDS, SECONDS = 5, 20.0
SATURATED_HZ = 400.0
"""More images than either of them can look at, as far as two cores can send them."""
POLICY = "end_to_end"


def measure(rounds: int = ROUNDS, seconds: float = SECONDS) -> Report:
    """Latency at 30 images a second, throughput where images come as fast as they can."""
    export = fastest_export(POLICY)
    contenders = [_ours(export), _textbook()]
    slow: dict[str, list[dict[str, float]]] = {each.name: [] for each in contenders}
    fast: dict[str, list[dict[str, float]]] = {each.name: [] for each in contenders}
    actions: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for contender in contenders:
            recording = record(contender, Scene(odometry=True), seconds, inferences=False)
            slow[contender.name].append(percentiles(recording.latencies_ms().tolist()))
            actions[contender.name] = _first_action(recording.stamps, recording.values)
            crowd = Scene(rate_hz=SATURATED_HZ, odometry=True)
            saturated = record(contender, crowd, seconds / 2, inferences=False)
            fast[contender.name].append({"answers_hz": saturated.answers_per_s()})
    ours, theirs = (over_rounds(slow[each.name]) for each in contenders)
    our_rate, their_rate = (
        over_rounds(fast[each.name])["answers_hz"]["median"] for each in contenders
    )
    difference = float(np.abs(actions["vla_node"] - actions["textbook"]).max())
    return Report(
        figures=[
            at_least("latency p50 lower by", theirs["p50"]["median"] / ours["p50"]["median"], 8.0),
            at_least("throughput higher by", our_rate / their_rate, 8.0),
            at_most("difference of the actions [m/s, rad/s]", difference, 1e-3),
        ],
        measured={
            "backend": export.backend,
            "latency_ms": {"vla_node": ours, "textbook": theirs},
            "answers_hz": {name: over_rounds(values) for name, values in fast.items()},
        },
    )


def _ours(export: FastestExport) -> Contender:
    variables = {"VLA_BENCH_POLICY": str(export.folder)}
    return our_node(variables=variables, backend=export.backend, threads=1)


def _textbook() -> Contender:
    command = python_module("textbook", POLICY, "--instruction", INSTRUCTION)
    return Contender("textbook", command, default_environment())


def _first_action(stamps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The first command for each image.

    The picture is always the same and the robot stands still, so what is remembered settles and
    the action with it.
    """
    _, first = np.unique(stamps[:, 0], return_index=True)
    return np.median(values[first], axis=0)
