# SPDX-License-Identifier: Apache-2.0
"""The environment that our processes run in: defaults that the user's own settings override."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

TRANSPORT = "FASTDDS_BUILTIN_TRANSPORTS"
TRANSPORT_PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
"""A user who sets any of these has chosen the transport."""

PROFILE = Path(__file__).with_name("fastdds.xml")
"""Our settings of Fast DDS."""

MALLOC = {
    # Images come and go many times a second: memory of their size is kept, not given back to the
    # system and asked for again each time, page by page.
    "MALLOC_MMAP_THRESHOLD_": str(64 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20),
    "MALLOC_TOP_PAD_": str(16 * 2**20),
}

DEFAULTS = {
    # One camera image does not fit the default shared-memory segment and gets lost.
    TRANSPORT_PROFILES[0]: str(PROFILE),
    **MALLOC,
    # Draws without a screen.
    "MUJOCO_GL": "egl",
    # No node multiplies matrices that are worth a thread on each core.
    "OPENBLAS_NUM_THREADS": "1",
    # glibc keeps an arena for each thread, most of them empty: two are enough for a node.
    "MALLOC_ARENA_MAX": "2",
    # Lines reach whoever shows them when they are written, not a page at a time.
    "PYTHONUNBUFFERED": "1",
    "RCUTILS_LOGGING_BUFFERED_STREAM": "0",
}


def with_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy of the environment with our defaults where the user has set nothing."""
    chosen = dict(DEFAULTS)
    if any(environment.get(name) for name in (TRANSPORT, *TRANSPORT_PROFILES)):
        del chosen[TRANSPORT_PROFILES[0]]
    return {**chosen, **environment}


def adopt_transport(environment: MutableMapping[str, str] = os.environ) -> None:
    """Give this process the transport of the nodes that it is going to talk to."""
    name = TRANSPORT_PROFILES[0]
    defaults = with_defaults(environment)
    if name in defaults:
        environment.setdefault(name, defaults[name])


def with_path(environment: Mapping[str, str], folders: list[str]) -> dict[str, str]:
    """A copy of the environment in which `folders` are searched for executables first."""
    path = os.pathsep.join([*folders, environment.get("PATH", os.defpath)])
    return {**environment, "PATH": path}
