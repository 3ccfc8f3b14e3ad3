# SPDX-License-Identifier: Apache-2.0
"""The list of processes of the simulated robot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vla_bringup.errors import InstallationError


@dataclass(frozen=True)
class Program:
    """One process to be: the name that people know it by, and its shell command."""

    name: str
    command: str


def read_procfile(path: Path) -> tuple[Program, ...]:
    """The programs of a Procfile, in its order.

    Raises:
        InstallationError: the file cannot be read or lists nothing.
    """
    from honcho.environ import parse_procfile

    try:
        listed = parse_procfile(path.read_text(encoding="utf-8")).processes
    except OSError as error:
        raise InstallationError(f"cannot read the list of processes {path}: {error}") from error
    if not listed:
        raise InstallationError(f"{path} lists no process: expected lines like 'name: exec ...'")
    return tuple(Program(name, command) for name, command in listed.items())
