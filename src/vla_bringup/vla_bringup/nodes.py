# SPDX-License-Identifier: Apache-2.0
"""The processes of the simulated robot, ready to be started with what was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_bringup.environment import with_defaults, with_path
from vla_bringup.installation import config_folder, executable_folders
from vla_bringup.parameters import read_parameter, write_overrides
from vla_bringup.procfile import read_procfile
from vla_bringup.supervisor import Supervisor

PROCFILE = "Procfile"
OVERRIDES = "overrides.yaml"


def simulated_robot(
    folder: Path,
    *,
    seed: int | None = None,
    policy: str | None = None,
    namespace: str = "",
    environment: Mapping[str, str] = os.environ,
) -> Supervisor:
    """The processes of the Procfile, with room and policy chosen; none is started yet.

    Args:
        folder: where to write down the choices for the nodes, which they read when they start; the
            latch of its e-stop is kept here too, apart from that of a real robot.
        seed: of the room; by default that of the simulator's parameter file.
        policy: name or directory of the checkpoint; by default that of the node's file.
        namespace: of the robot, with or without its leading slash.
        environment: what the processes inherit.

    Raises:
        InstallationError: something is not installed or not built.
    """
    config = config_folder()
    programs = read_procfile(config / PROCFILE)
    overrides = folder / OVERRIDES
    write_overrides(
        overrides,
        {
            "vla_sim": _given(seed=seed),
            "vla_node": _given(policy=_found_from_anywhere(policy)),
            "vla_safety": {"state_directory": str(folder.absolute())},
        },
    )
    variables = {
        "VLA_CONFIG": str(config),
        "VLA_OVERRIDES": str(overrides.absolute()),
        "VLA_NAMESPACE": "/" + namespace.strip("/"),
    }
    folders = executable_folders(program.name for program in programs)
    inherited = with_path(with_defaults(environment), folders)
    return Supervisor(programs, {**inherited, **variables})


def configured_policy() -> str:
    """The policy that the node's parameter file names.

    Raises:
        InstallationError: this package is not installed.
    """
    return str(read_parameter(config_folder() / "vla_node.yaml", "policy"))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _found_from_anywhere(policy: str | None) -> str | None:
    """A directory by its full path; what is no directory here stays a name."""
    if policy is not None and Path(policy).is_dir():
        return str(Path(policy).resolve())
    return policy
