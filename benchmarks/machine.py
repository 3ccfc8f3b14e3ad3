# SPDX-License-Identifier: Apache-2.0
"""What the measurements ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

import psutil

from vla_policy.backends import hardware

CORES = 2
"""Everything is measured on two cores, as many as a small robot has to spare."""
BUSY_OVER_S = 1.0
QUIET_PERCENT = 15.0
"""Of all cores; who is busier than this before a run has other work."""
MODULES = ("rclpy", "torch", "onnxruntime", "openvino", "numpy", "cv2")


def hold_to_cores(count: int = CORES) -> None:
    """Let this process and all that it starts run on so many cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def describe() -> dict[str, Any]:
    """Processor, cores, system, versions, and how busy the machine was as the run began."""
    return {
        "processor": hardware.cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": _versions(),
        "busy_before_percent": psutil.cpu_percent(interval=BUSY_OVER_S),
    }


def _versions() -> dict[str, str]:
    """Versions by module, of those that are installed."""
    packages = importlib.metadata.packages_distributions()
    return {
        name: importlib.metadata.version(packages[name][0]) for name in MODULES if name in packages
    }
