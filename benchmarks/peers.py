# SPDX-License-Identifier: Apache-2.0
"""Our node against LeRobot's asynchronous inference and openpi's websocket server.

What is compared is the time from an image in the memory of whoever drives the robot to the
actions that follow from it, less what the network itself took: the same exported network on the
same thread in all of them. For ours the node says itself how long it took from the arrival of the
image; beside it stands the time from the camera's process to the command in another one, which
has the ways over DDS in it that theirs do not go.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.exports import exported
from benchmarks.figures import Report, at_most
from benchmarks.graph import Scene, our_node, record
from benchmarks.processes import ROOT
from benchmarks.spread import over_rounds, percentiles
from vla_policy.sentence import MODEL_DIRECTORY_VARIABLE, find_model

PEERS = ("lerobot", "openpi")
ENVIRONMENTS = ROOT / "out" / "peers"
ROUNDS, CALLS, RATE_HZ = 5, 300, 30.0
OVER_DDS = "vla_node, from the camera's process to the operator's"
POLICY, BACKEND = "end_to_end", "onnx"
TIMEOUT_S = 300.0


class PeerError(RuntimeError):
    """A peer that could not be measured; the text says why."""


def measure(rounds: int = ROUNDS, calls: int = CALLS) -> Report:
    """Each peer that is installed, and our node, in turn."""
    export = exported(POLICY)
    not_run = {name: _how(name) for name in PEERS if not _python(name).exists()}
    collected: dict[str, list[dict[str, float]]] = {"vla_node": [], OVER_DDS: []}
    actions: dict[str, list[float]] = {}
    for _ in range(rounds):
        ours = _ours(export, calls / RATE_HZ)
        collected["vla_node"].append(percentiles(ours.in_the_node_ms))
        collected[OVER_DDS].append(percentiles(ours.over_dds_ms))
        actions["vla_node"] = ours.action
        for name in PEERS:
            if name in not_run:
                continue
            try:
                overheads, actions[name] = _theirs(name, export, calls)
            except PeerError as error:
                not_run[name] = str(error)
                continue
            collected.setdefault(name, []).append(percentiles(overheads))
    summary = {name: over_rounds(values) for name, values in collected.items()}
    theirs = {name: summary[name]["p50"]["median"] for name in PEERS if name in summary}
    figures = []
    if theirs:
        best = min(theirs, key=lambda name: theirs[name])
        ratio = summary["vla_node"]["p50"]["median"] / theirs[best]
        figures.append(at_most(f"overhead p50 in times of {best}'s", ratio, 0.5))
    return Report(
        figures,
        {"unit": "ms", "rate_hz": RATE_HZ, "overheads": summary, "first_action": actions},
        not_run,
    )


def _python(name: str) -> Path:
    return ENVIRONMENTS / name / "bin" / "python"


def _how(name: str) -> str:
    return f"{name} is not installed: scripts/peers.sh {name}"


def _bare_environment() -> dict[str, str]:
    """Ours without the libraries of ROS, which are for our own Python."""
    return {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}


@dataclass(frozen=True)
class Ours:
    """What our node took beyond its network, and the first action."""

    in_the_node_ms: list[float]
    over_dds_ms: list[float]
    action: list[float]


def _ours(export: Path, seconds: float) -> Ours:
    with tempfile.TemporaryDirectory() as place:
        times = Path(place) / "network.json"
        variables = {"VLA_BENCH_POLICY": str(export), "VLA_BENCH_TIMES": str(times)}
        node = our_node(variables=variables, backend=BACKEND, threads=1)
        recording = record(node, Scene(rate_hz=RATE_HZ), seconds)
        network_ms = {int(stamp): ms for stamp, ms in json.loads(times.read_text()).items()}
    _, first = np.unique(recording.stamps[:, 0], return_index=True)
    counted = [
        (stamp, (arrived - stamp) * 1e-6)
        for stamp, arrived in recording.stamps[first].tolist()
        if stamp in network_ms and stamp in recording.answer_ms
    ]
    return Ours(
        [recording.answer_ms[stamp] - network_ms[stamp] for stamp, _ in counted],
        [latency_ms - network_ms[stamp] for stamp, latency_ms in counted],
        np.median(recording.values[first], axis=0).tolist(),
    )


def _theirs(name: str, export: Path, calls: int) -> tuple[list[float], list[float]]:
    command = [str(_python(name)), "-m", f"benchmarks.foreign.{name}", str(export)]
    command += ["--backend", BACKEND, "--calls", str(calls), "--rate-hz", str(RATE_HZ)]
    variables = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src' / 'vla_policy'}",
        "OMP_NUM_THREADS": "1",
        MODEL_DIRECTORY_VARIABLE: str(find_model()),
    }
    with tempfile.TemporaryDirectory() as place:  # LeRobot writes logs where it runs
        try:
            done = subprocess.run(
                command,
                cwd=place,
                env={**_bare_environment(), **variables},
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"{name} was not ready within {TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise PeerError(f"{name} failed: {said}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["overheads_ms"], answer["action"]
