# SPDX-License-Identifier: Apache-2.0
"""From the start of the process to the first command that follows from an image."""

from __future__ import annotations

import contextlib
import os
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.exports import fastest_export
from benchmarks.figures import Report, at_most
from benchmarks.graph import Scene, our_environment
from benchmarks.processes import ROOT, python_module, running
from benchmarks.spread import over_rounds
from vla_policy.backends.cache import cache_folder
from vla_policy.checkpoint import find_checkpoint

ROUNDS = 5
POLICY = "end_to_end"
READY_S = 3.0
"""Until camera and operator have found each other, and wait for the node."""
LISTENING_S = 2.0
TORCH_FREE_BAR_S, TORCH_BAR_S = 1.5, 4.0

NODE = "import sys; from vla_node.start import main; sys.exit(main())"


def measure(rounds: int = ROUNDS) -> Report:
    """With and without torch, from a disk that has to be read and from memory.

    Never the first start of all, in which OpenVINO compiles the network.
    """
    export = fastest_export(POLICY)
    kinds: dict[str, tuple[Mapping[str, object], float]] = {
        "torch-free": (
            {"policy": export.folder, "backend": export.backend},
            TORCH_FREE_BAR_S,
        ),
        "torch": ({"policy": find_checkpoint(POLICY), "backend": "torch"}, TORCH_BAR_S),
    }
    collected: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, (parameters, _) in kinds.items():
            forget_files()
            cold, warm = first_command_s(parameters), first_command_s(parameters)
            collected[kind].append({"cold": round(cold, 3), "warm": round(warm, 3)})
    summary = {kind: over_rounds(values) for kind, values in collected.items()}
    return Report(
        figures=[
            at_most(f"{kind}, {state} [s]", summary[kind][state]["median"], bar)
            for kind, (_, bar) in kinds.items()
            for state in ("warm", "cold")
        ],
        measured={"unit": "s", "backend": export.backend, **summary},
    )


def first_command_s(parameters: Mapping[str, object]) -> float:
    """How long one start takes.

    Raises:
        RuntimeError: the node gave no command; the text is what it said last.
    """
    environment = our_environment()
    arguments = ["--ros-args", "-p", "gated:=true", "-p", "threads:=1"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={value}"]
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        file, log = Path(place) / "heard.npz", Path(place) / "log"
        stack.enter_context(running(Scene().command(), environment))
        listening = python_module("operator", str(file), "--seconds", str(LISTENING_S))
        operator = stack.enter_context(running(listening, environment))
        time.sleep(READY_S)
        started_ns = time.time_ns()
        stack.enter_context(running([sys.executable, "-c", NODE, *arguments], environment, log))
        with contextlib.suppress(subprocess.TimeoutExpired):
            operator.wait(90.0)
        said = log.read_text(errors="replace")[-2000:]
        if not file.exists():
            raise RuntimeError(f"the node gave no command: {said}")
        with np.load(file) as heard:
            stamps, answered = heard["stamps"], set(heard["inferences"].tolist())
    followed = [arrived for stamp, arrived in stamps.tolist() if stamp in answered]
    if not followed:
        raise RuntimeError(f"no command followed from an image: {said}")
    return (min(followed) - started_ns) * 1e-9


def forget_files() -> None:
    """Have the system forget what it holds in memory of our files, so that they are read anew."""
    places = [*map(Path, site.getsitepackages()), ROOT / "src", ROOT / "out" / "export"]
    places += [cache_folder()]
    for place in places:
        for path in place.rglob("*"):
            with contextlib.suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(descriptor)
