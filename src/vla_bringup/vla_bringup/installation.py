# SPDX-License-Identifier: Apache-2.0
"""Where the installed packages keep their executables, parameter files and launch files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vla_bringup.errors import InstallationError

PACKAGE = "vla_bringup"


def config_folder() -> Path:
    """The folder with the Procfile and the parameter files of every node.

    Raises:
        InstallationError: this package is not installed in a sourced workspace.
    """
    return _prefix(PACKAGE) / "share" / PACKAGE / "config"


def launch_folder() -> Path:
    """The folder with the launch files.

    Raises:
        InstallationError: this package is not installed in a sourced workspace.
    """
    return _prefix(PACKAGE) / "share" / PACKAGE / "launch"


def executable_folders(packages: Iterable[str]) -> list[str]:
    """The folders that hold the executables of `packages`, as for `ros2 run`.

    Raises:
        InstallationError: a package is not installed, or its executable of the same name
            is missing.
    """
    folders = []
    for package in packages:
        folder = _prefix(package) / "lib" / package
        if not (folder / package).is_file():
            raise InstallationError(
                f"{package} has no executable {folder / package}: build the workspace again "
                "with colcon build"
            )
        folders.append(str(folder))
    return folders


def _prefix(package: str) -> Path:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        return Path(get_package_prefix(package))
    except (PackageNotFoundError, LookupError) as error:
        raise InstallationError(
            f"the package {package} is not installed here: build the workspace with "
            "colcon build and source install/setup.bash"
        ) from error
