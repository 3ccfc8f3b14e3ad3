# SPDX-License-Identifier: Apache-2.0
"""What is left of a demo: a report for machines and for people."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from vla_bringup.demo.aftermath import Aftermath
from vla_bringup.demo.latency import percentile

DISTRIBUTIONS = ("vla_bringup", "rclpy", "mujoco", "torch", "numpy")
"""Whose versions a report names, where they are installed as Python distributions."""


@dataclass(frozen=True)
class Episode:
    """One instruction, and what came of it.

    Attributes:
        family: the kind of task that the instruction was judged as.
        reason: why it counts as a success or as a failure, in words.
        time_s: from the instruction to the verdict.
        collisions: contacts with walls or things during the episode.
        latency_ms_p50, latency_ms_p95: from an image's stamp to the gate's next command;
            None if no command was made of any image.
    """

    instruction: str
    family: str
    success: bool
    reason: str
    time_s: float
    path_length_m: float
    collisions: int
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    latency_samples: int

    @classmethod
    def judged(
        cls,
        *,
        instruction: str,
        family: str,
        success: bool,
        reason: str,
        time_s: float,
        path_length_m: float,
        collisions: int,
        latencies_ms: Sequence[float],
    ) -> Episode:
        """An episode with its measurements rounded to what they are good for."""
        return cls(
            instruction=instruction,
            family=family,
            success=success,
            reason=reason,
            time_s=round(time_s, 2),
            path_length_m=round(path_length_m, 3),
            collisions=collisions,
            latency_ms_p50=_rounded(percentile(latencies_ms, 0.5)),
            latency_ms_p95=_rounded(percentile(latencies_ms, 0.95)),
            latency_samples=len(latencies_ms),
        )


@dataclass
class Report:
    """Grows while the demo runs; `success` is decided when it is written.

    Attributes:
        planned: how many episodes there should be.
        reason: why the demo ended early; empty if it did not.
        collisions: in all, those on the way to rest after an episode included.
        died: every process that ended before it was told to, in words.
        peak_memory_mb: largest sum of the resident memory of all processes.
    """

    seed: int
    policy: str
    planned: int = 0
    reason: str = ""
    episodes: list[Episode] = field(default_factory=list)
    collisions: int = 0
    died: list[str] = field(default_factory=list)
    aftermath: Aftermath | None = None
    camera_hz: float | None = None
    peak_memory_mb: float | None = None
    ros_domain_id: int | None = None
    files: dict[str, str] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """True if every planned episode succeeded, nothing broke and nothing was touched."""
        return (
            0 < self.planned == len(self.episodes)
            and all(episode.success for episode in self.episodes)
            and not self.reason
            and not self.collisions
            and not self.died
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        values = dataclasses.asdict(self)
        del values["planned"]
        head = {"seed": values.pop("seed"), "success": self.success}
        return {**head, **values, "versions": versions()}

    def write(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)


def versions() -> dict[str, str]:
    """What this ran on: Python, the ROS distribution if one is sourced, and libraries."""
    found = {"python": platform.python_version()}
    if os.environ.get("ROS_DISTRO"):
        found["ros_distro"] = os.environ["ROS_DISTRO"]
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
