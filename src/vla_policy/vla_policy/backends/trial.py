# SPDX-License-Identifier: Apache-2.0
"""Tries one backend in a process of its own: how exact it is, how fast, and what memory it takes.

In a process of its own, since what a backend imports stays in memory: who only asks which one is
best must not end up with torch.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vla_policy.backends.backend import ACTIONS, Backend, Options
from vla_policy.backends.reference import FLIP, Reference
from vla_policy.backends.registry import Kind, find_kind, open_backend
from vla_policy.errors import BackendError, PolicyError

WARM_UP_CALLS = 5
_MARK = "trial: "


@dataclass(frozen=True)
class Trial:
    """How a backend did on a reference.

    Attributes:
        backend: its name.
        max_error: largest distance of a normalised action from eager float32's.
        p99_error: what 99 % of the values stay below.
        flips: share of observations with an action further away than `FLIP`.
        within: share of observations all of whose actions lie within the tolerance.
        p50_ms: median time of a call.
        p95_ms: what 95 % of the calls stay below.
        p99_ms: what 99 % of the calls stay below.
        load_ms: time to import and open it.
        first_call_ms: time of the first call.
        memory_mb: most memory that the process held.
        calls: how many calls were timed.
    """

    backend: str
    max_error: float
    p99_error: float
    flips: float
    within: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    load_ms: float
    first_call_ms: float
    memory_mb: float
    calls: int

    @property
    def passed(self) -> bool:
        """Whether it is exact enough to drive with."""
        return self.max_error <= find_kind(self.backend).tolerance


def run_trial(name: str, directory: Path, options: Options, reference: Reference) -> Trial:
    """Try a backend in this process.

    Raises:
        BackendError: it cannot run here.
    """
    kind = find_kind(name)
    started = time.perf_counter_ns()
    backend = open_backend(name, directory, options)
    opened = time.perf_counter_ns()
    backend.run(next(reference.rows()))
    called = time.perf_counter_ns()
    for _ in range(WARM_UP_CALLS):
        backend.run(next(reference.rows()))
    errors, times = _compare(backend, reference)
    percentiles = np.percentile(times, (50, 95, 99))
    return Trial(
        backend=name,
        max_error=float(errors.max()),
        p99_error=float(np.percentile(errors, 99)),
        flips=_share(errors, FLIP),
        within=1.0 - _share(errors, kind.tolerance),
        p50_ms=float(percentiles[0]),
        p95_ms=float(percentiles[1]),
        p99_ms=float(percentiles[2]),
        load_ms=(opened - started) * 1e-6,
        first_call_ms=(called - opened) * 1e-6,
        memory_mb=_most_memory_mb(),
        calls=len(times),
    )


def try_apart(
    kind: Kind, directory: Path, options: Options, reference: Path, timeout_s: float
) -> Trial:
    """Try a backend in a process of its own.

    Raises:
        BackendError: it failed, or did not end in time; the text says why.
    """
    command = [sys.executable, "-m", __name__, kind.name, str(directory), str(reference)]
    arguments = [options.device, str(options.threads or 0)]
    try:
        done = subprocess.run(
            command + arguments, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BackendError(f"{kind.name} was not ready within {timeout_s:.0f} s") from error
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            return Trial(**json.loads(line.removeprefix(_MARK)))
    said = (done.stderr.strip().splitlines() or [_ended(done.returncode)])[-1]
    raise BackendError(f"{kind.name} failed: {said}")


def _compare(backend: Backend, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Errors ``[N, horizon, action_dim]`` and times ``[N]`` in ms."""
    errors, times = [], []
    for inputs, expected in zip(reference.rows(), reference.actions, strict=True):
        started = time.perf_counter_ns()
        actions = backend.run(inputs)[ACTIONS]
        times.append((time.perf_counter_ns() - started) * 1e-6)
        errors.append(np.abs(actions[0] - expected))
    return np.stack(errors), np.array(times)


def _ended(status: int) -> str:
    """What is known of a process that said nothing; a fault in a runtime's own code ends so."""
    return (
        f"it ended by {signal.Signals(-status).name}"
        if status < 0
        else f"it ended with status {status}"
    )


def _share(errors: np.ndarray, limit: float) -> float:
    return float((errors.max(axis=(1, 2)) > limit).mean())


def _most_memory_mb() -> float:
    """Peak resident size of this process; `getrusage` would count its parent's before the fork."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main(arguments: list[str]) -> int:
    """Try what the arguments name, and print the trial as one line."""
    name, directory, reference, device, threads = arguments
    try:
        options = Options(device, int(threads) or None)
        trial = run_trial(name, Path(directory), options, Reference.load(Path(reference)))
    except PolicyError as error:
        print(error, file=sys.stderr)
        return 1
    print(_MARK + json.dumps(asdict(trial)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
