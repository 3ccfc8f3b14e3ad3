# SPDX-License-Identifier: Apache-2.0
"""The environment that our processes run in: defaults that the user's own settings override."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

TRANSPORT = "FASTDDS_BUILTIN_TRANSPORTS"
TRANSPORT_PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
"""A user who brings a profile has chosen the transport too."""

DEFAULTS = {
    # One camera image does not fit the default shared-memory segment and gets lost.
    TRANSPORT: "LARGE_DATA",
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
    if any(environment.get(name) for name in TRANSPORT_PROFILES):
        del chosen[TRANSPORT]
    return {**chosen, **environment}


def adopt_transport(environment: MutableMapping[str, str] = os.environ) -> None:
    """Give this process the transport of the nodes that it is going to talk to."""
    defaults = with_defaults(environment)
    if TRANSPORT in defaults:
        environment.setdefault(TRANSPORT, defaults[TRANSPORT])


def with_path(environment: Mapping[str, str], folders: list[str]) -> dict[str, str]:
    """A copy of the environment in which `folders` are searched for executables first."""
    path = os.pathsep.join([*folders, environment.get("PATH", os.defpath)])
    return {**environment, "PATH": path}
