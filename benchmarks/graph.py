# SPDX-License-Identifier: Apache-2.0
"""A camera, one contender and an operator as processes of their own; what the operator saw."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.processes import python_module, running
from vla_bringup.environment import DEFAULTS, with_defaults

SAMPLE_S = 0.5
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
        odometry: whether it also says that the robot stands still.
    """

    width: int = 640
    height: int = 480
    rate_hz: float = 30.0
    topics: tuple[str, ...] = ("camera/image_raw",)
    odometry: bool = False

    def command(self) -> list[str]:
        """The command that starts the camera."""
        options = ["--width", str(self.width), "--height", str(self.height)]
        options += ["--odometry"] if self.odometry else []
        return python_module(
            "camera", *options, "--rate", str(self.rate_hz), "--topics", *self.topics
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
        answer_ms: by stamp, what it says that it took from the arrival of the image in its own
            process to the actions.
        cpu_s: processor time of the contender a second.
        memory_mb: resident size of the contender, every `SAMPLE_S`, from its start on.
    """

    stamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    inference_ms: Mapping[int, float]
    answer_ms: Mapping[int, float]
    cpu_s: float
    memory_mb: npt.NDArray[np.float64]

    def latencies_ms(self) -> npt.NDArray[np.float64]:
        """From each image that was answered to its first command."""
        _, first = np.unique(self.stamps[:, 0], return_index=True)
        pairs = self.stamps[first]
        return np.asarray((pairs[:, 1] - pairs[:, 0]) * 1e-6, dtype=np.float64)

    def answers_per_s(self) -> float:
        """Images answered a second."""
        if len(self.stamps) < 2:
            return 0.0
        seconds = (self.stamps[-1, 1] - self.stamps[0, 1]) * 1e-9
        return (len(np.unique(self.stamps[:, 0])) - 1) / float(seconds)

    def cpu_ms_an_image(self) -> float:
        """Processor time of the contender for each image that it answered."""
        return 1e3 * self.cpu_s / max(self.answers_per_s(), 1e-9)

    def gaps_ms(self) -> npt.NDArray[np.float64]:
        """Times between commands."""
        return np.asarray(np.diff(self.stamps[:, 1]) * 1e-6, dtype=np.float64)


def record(
    contender: Contender, scene: Scene, seconds: float, inferences: bool = True
) -> Recording:
    """Run camera, contender and operator for so long.

    Args:
        inferences: whether the operator also hears how long each took, which costs all of them.

    Raises:
        RuntimeError: no command came at all; the text is what the contender said last.
    """
    with tempfile.TemporaryDirectory() as place:
        file, log = Path(place) / "heard.npz", Path(place) / "log"
        listening = ["--seconds", str(seconds + SETTLING_S)]
        listening += [] if inferences else ["--commands-alone"]
        samples = _run(contender, scene, listening, file, log)
        with np.load(file) as heard:
            arrays = {name: heard[name] for name in heard.files}
        if len(arrays["stamps"]) == 0:
            said = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{contender.name} gave no command: {said}")
    return _trimmed(arrays, samples)


@dataclass(frozen=True)
class Sample:
    """What a process has used up to now."""

    time_s: float
    cpu_s: float
    memory_mb: float

    @classmethod
    def of(cls, process: psutil.Process) -> Sample:
        """Of a running process."""
        with process.oneshot():
            times = process.cpu_times()
            memory_mb = process.memory_info().rss / 2**20
        return cls(time.monotonic(), times.user + times.system, memory_mb)


def _run(
    contender: Contender, scene: Scene, listening: Sequence[str], file: Path, log: Path
) -> list[Sample]:
    theirs = {**contender.environment, **contender.variables}
    samples = []
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(running(contender.command, theirs, log))
        stack.enter_context(running(scene.command(), contender.environment))
        operator = stack.enter_context(
            running(python_module("operator", str(file), *listening), contender.environment, log)
        )
        watched = psutil.Process(process.pid)
        while operator.poll() is None:
            with contextlib.suppress(psutil.Error):
                samples.append(Sample.of(watched))
            with contextlib.suppress(subprocess.TimeoutExpired):
                operator.wait(SAMPLE_S)
    return samples


def _trimmed(heard: Mapping[str, npt.NDArray[Any]], samples: Sequence[Sample]) -> Recording:
    begin = heard["stamps"][0, 1] + SETTLING_S * 1e9
    counted = (heard["stamps"][:, 1] >= begin) & (heard["stamps"][:, 0] > 0)
    inferences, times_ms = heard["inferences"].tolist(), heard["times_ms"]
    # The first half has the start in it.
    late = samples[len(samples) // 2 :]
    used = (late[-1].cpu_s - late[0].cpu_s) / max(late[-1].time_s - late[0].time_s, 1e-9)
    return Recording(
        stamps=heard["stamps"][counted],
        values=heard["values"][counted],
        inference_ms=dict(zip(inferences, times_ms[:, 0].tolist(), strict=True)),
        answer_ms=dict(zip(inferences, times_ms.sum(axis=1).tolist(), strict=True)),
        cpu_s=used,
        memory_mb=np.array([sample.memory_mb for sample in samples]),
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
