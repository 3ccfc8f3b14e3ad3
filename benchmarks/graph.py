# SPDX-License-Identifier: Apache-2.0
"""A camera, one contender and an operator as processes of their own; what the operator saw."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.processes import python_module, running
from vla_bringup.environment import DEFAULTS, with_defaults

SETTLING_S = 2.0
"""At the beginning of each recording, in which nothing is counted."""
TRANSPORT_NAMES = (*DEFAULTS, "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def our_environment() -> dict[str, str]:
    """What everything that we start runs in."""
    return with_defaults(_bare())


def default_environment() -> dict[str, str]:
    """What a distribution gives: nothing of ours."""
    return _bare()


def _bare() -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name not in TRANSPORT_NAMES}
    # Two cores serve all; a pool of threads in each process would only measure their quarrel.
    return {**mine, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Scene:
    """What the camera sends.

    Attributes:
        topics: one for each camera.
    """

    width: int = 640
    height: int = 480
    rate_hz: float = 30.0
    topics: tuple[str, ...] = ("camera/image_raw",)

    def command(self) -> list[str]:
        """The command that starts the camera."""
        sizes = ["--width", str(self.width), "--height", str(self.height)]
        return python_module(
            "camera", *sizes, "--rate", str(self.rate_hz), "--topics", *self.topics
        )


@dataclass(frozen=True)
class Contender:
    """Whoever turns images into commands.

    Attributes:
        name: what the results call it.
        command: starts it.
        environment: of camera, contender and operator.
        variables: further variables of the contender alone.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Recording:
    """What the operator wrote down, after the first seconds.

    Attributes:
        stamps: ``[N, 2]`` of each command: stamp of its image, arrival [ns].
        values: ``[N, 2]`` m/s and rad/s.
        inference_ms: by stamp, what the node says that the policy took.
        cpu_s: processor time of the contender a second.
        memory_mb: resident size of the contender at the end.
    """

    stamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    inference_ms: Mapping[int, float]
    cpu_s: float
    memory_mb: float

    def latencies_ms(self) -> npt.NDArray[np.float64]:
        """From each image that was answered to its first command."""
        _, first = np.unique(self.stamps[:, 0], return_index=True)
        pairs = self.stamps[first]
        return (pairs[:, 1] - pairs[:, 0]) * 1e-6

    def answers_per_s(self) -> float:
        """Images answered a second."""
        if len(self.stamps) < 2:
            return 0.0
        seconds = (self.stamps[-1, 1] - self.stamps[0, 1]) * 1e-9
        return (len(np.unique(self.stamps[:, 0])) - 1) / float(seconds)

    def gaps_ms(self) -> npt.NDArray[np.float64]:
        """Times between commands."""
        return np.diff(self.stamps[:, 1]) * 1e-6


def record(contender: Contender, scene: Scene, seconds: float) -> Recording:
    """Run camera, contender and operator for so long.

    Raises:
        RuntimeError: no command came at all; the text is what the contender said last.
    """
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        file, log = Path(place) / "heard.npz", Path(place) / "log"
        theirs = {**contender.environment, **contender.variables}
        process = stack.enter_context(running(contender.command, theirs, log))
        stack.enter_context(running(scene.command(), contender.environment))
        seconds_text = str(seconds + SETTLING_S)
        listening = python_module("operator", str(file), "--seconds", seconds_text)
        operator = stack.enter_context(running(listening, contender.environment, log))
        before = None
        while operator.poll() is None:
            with contextlib.suppress(psutil.Error):
                watched = psutil.Process(process.pid)
                before = before or (watched.cpu_times(), psutil.time.monotonic())
                after = (watched.cpu_times(), psutil.time.monotonic())
                memory_mb = watched.memory_info().rss / 2**20
            with contextlib.suppress(Exception):
                operator.wait(0.5)
        heard = np.load(file)
        if len(heard["stamps"]) == 0:
            said = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{contender.name} gave no command: {said}")
    return _trimmed(heard, _load(before, after), memory_mb)


def _load(before: tuple, after: tuple) -> float:
    used = sum(after[0][:2]) - sum(before[0][:2])
    return used / max(after[1] - before[1], 1e-9)


def _trimmed(heard: Mapping[str, np.ndarray], cpu_s: float, memory_mb: float) -> Recording:
    begin = heard["stamps"][0, 1] + SETTLING_S * 1e9
    counted = (heard["stamps"][:, 1] >= begin) & (heard["stamps"][:, 0] > 0)
    return Recording(
        stamps=heard["stamps"][counted],
        values=heard["values"][counted],
        inference_ms=dict(
            zip(heard["inferences"].tolist(), heard["times_ms"][:, 0].tolist(), strict=True)
        ),
        cpu_s=cpu_s,
        memory_mb=memory_mb,
    )


def our_node(
    name: str = "vla_node",
    environment: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    **parameters: object,
) -> Contender:
    """`vla_node` as we start it: every image is looked at, commands go to the gate."""
    values = {"gated": True, "max_inference_rate_hz": 0.0, **parameters}
    arguments = ["--ros-args"]
    for key, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ["-p", f"{key.replace('__', '.')}:={text}"]
    return Contender(
        name, python_module("node", *arguments), environment or our_environment(), variables or {}
    )


def floor(name: str, environment: Mapping[str, str], *options: str) -> Contender:
    """The least that a node can do."""
    return Contender(name, python_module("floor", *options), environment)
