# SPDX-License-Identifier: Apache-2.0
"""What every peer is given: our exported network, and a picture to look at."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_policy.backends.backend import Arrays, Backend, Options, Outputs
from vla_policy.backends.registry import open_backend
from vla_policy.checkpoint import policy_on
from vla_policy.policy import Policy

WARM_UP = 20
INSTRUCTION = "go to the red ball"


class StopwatchBackend:
    """Another backend, and how long its last call took."""

    def __init__(self, backend: Backend) -> None:
        self.name = backend.name
        self.last_ms = float("nan")
        self._backend = backend

    def run(self, inputs: Arrays) -> Outputs:
        """The other backend's answer."""
        started = time.perf_counter()
        outputs = self._backend.run(inputs)
        self.last_ms = (time.perf_counter() - started) * 1e3
        return outputs


@dataclass(frozen=True)
class Job:
    """What a peer is asked for.

    Attributes:
        export: folder of the exported policy.
        backend: what runs it.
        calls: how many are measured, after `WARM_UP` more.
        rate_hz: how many a second.
    """

    export: Path
    backend: str
    calls: int
    rate_hz: float
    width: int
    height: int

    @classmethod
    def from_arguments(cls) -> Job:
        """What the command line says."""
        parser = argparse.ArgumentParser()
        parser.add_argument("export", type=Path)
        parser.add_argument("--backend", default="onnx")
        parser.add_argument("--calls", type=int, default=300)
        parser.add_argument("--rate-hz", type=float, default=30.0)
        parser.add_argument("--width", type=int, default=640)
        parser.add_argument("--height", type=int, default=480)
        return cls(**vars(parser.parse_args()))

    def policy(self) -> tuple[Policy, StopwatchBackend]:
        """The policy on one thread, and the stopwatch of its network."""
        watch = StopwatchBackend(open_backend(self.backend, self.export, Options(threads=1)))
        policy = policy_on(watch, self.export)
        policy.prepare(INSTRUCTION)
        return policy, watch

    def picture(self) -> np.ndarray:
        """``[H, W, 3]`` uint8, the same as the camera's of the other benchmarks."""
        rows, columns = np.mgrid[0 : self.height, 0 : self.width]
        red, green = (columns * 7) % 256, (rows * 5) % 256
        return np.stack([red, green, (red + green) // 2], axis=2).astype(np.uint8)


def report(job: Job, ask: Callable[[int], tuple[float, list[float]]]) -> None:
    """Ask at the job's rate and print one line of JSON: overheads in ms, and the last actions.

    Args:
        job: what is asked for.
        ask: given the number of the call, waits for its actions; gives the network's own time
            [ms] and the first action.
    """
    overheads: list[float] = []
    action: list[float] = []
    due = time.monotonic()
    for call in range(WARM_UP + job.calls):
        started = time.perf_counter()
        network_ms, action = ask(call)
        total_ms = (time.perf_counter() - started) * 1e3
        if call >= WARM_UP:
            overheads.append(total_ms - network_ms)
        due = max(due + 1.0 / job.rate_hz, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    print(json.dumps({"overheads_ms": overheads, "action": action}), flush=True)
