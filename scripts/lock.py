# SPDX-License-Identifier: Apache-2.0
"""Writes requirements/constraints.txt: what the pinned requirements need in turn, as in .venv.

Run by `make lock` where the CPU build of PyTorch is installed: the CUDA build brings its own pins.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
WITH_DEPENDENCIES = ("ros.txt", "base.txt", "runtimes.txt", "backends.txt", "rt2.txt", "dev.txt")
HEADER = """\
# What the other files' packages need in turn, held to the versions that were tested together.
# Written by `make lock`: change the other files instead.
"""


def requirements_of(path: Path) -> list[Requirement]:
    """Reads the requirements of one file, comments left out."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in path.read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def needed_by(requirement: Requirement) -> list[Requirement]:
    """Gives what an installed requirement and its extras need here; nothing if it is missing."""
    try:
        lines = distribution(requirement.name).requires or []
    except PackageNotFoundError:
        return []
    extras = requirement.extras or {""}
    needs = [Requirement(line) for line in lines]
    return [
        need
        for need in needs
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def closure(direct: list[Requirement]) -> set[str]:
    """Names everything that the direct requirements need in turn, without themselves."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(direct)
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key not in seen:
            seen.add(key)
            waiting.extend(needed_by(requirement))
    return {name for name, _ in seen} - {canonicalize_name(need.name) for need in direct}


def main() -> None:
    """Writes the file."""
    direct = [need for name in WITH_DEPENDENCIES for need in requirements_of(FOLDER / name)]
    pins = []
    for name in sorted(closure(direct)):
        try:
            version = distribution(name).version.split("+")[0]
        except PackageNotFoundError:
            continue  # needed on other platforms only
        pins.append(f"{name}=={version}\n")
    (FOLDER / "constraints.txt").write_text(HEADER + "".join(pins))
    print(f"requirements/constraints.txt: {len(pins)} packages")


if __name__ == "__main__":
    main()
