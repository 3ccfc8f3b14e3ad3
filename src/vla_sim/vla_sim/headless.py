# SPDX-License-Identifier: Apache-2.0
"""MuJoCo, told to draw without a screen before it is imported.

MuJoCo chooses its OpenGL library once, at import, by the variable MUJOCO_GL.
"""

from __future__ import annotations

import ctypes.util
import os
import sys

from vla_sim.errors import SimulationError

EGL_MENDING = "install it with: apt-get install libegl1 libgl1-mesa-dri"

if sys.platform == "linux":
    os.environ.setdefault("MUJOCO_GL", "egl")


def _has_egl() -> bool:
    return ctypes.util.find_library("EGL") is not None


# MuJoCo fails at import, in words of its own, where the library it is told to use is missing.
# Told to draw nothing it imports everywhere, and physics without a camera still works.
MISSING_EGL = os.environ.get("MUJOCO_GL") == "egl" and not _has_egl()
if MISSING_EGL:
    os.environ["MUJOCO_GL"] = "disable"

import mujoco  # noqa: E402

__all__ = ["EGL_MENDING", "mujoco", "require_headless_rendering"]


def require_headless_rendering() -> None:
    """Refuse, in words, a machine on which MuJoCo cannot draw without a screen.

    Raises:
        SimulationError: libEGL is not installed although it is what would draw.
    """
    if MISSING_EGL:
        raise SimulationError(f"the EGL library is missing, nothing can be drawn: {EGL_MENDING}")
