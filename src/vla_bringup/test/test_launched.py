# SPDX-License-Identifier: Apache-2.0
"""Runs the launch tests of the folder `launched`, where `launch_testing` can be imported.

Each is a process of its own: so they need no plug-in of pytest, whose versions differ between
the distributions, and each has its own ROS domain.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from vla_bringup.domain import VARIABLE, claim_free_domain

FOLDER = Path(__file__).parent / "launched"
NEEDS = {"gazebo": "ros_gz_sim"}
TESTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "observer")
LIMIT_S = 900.0


def why_not(name: str) -> str:
    """Why a test cannot run here; empty where it can."""
    for module in ("launch_testing", "launch_ros"):
        if importlib.util.find_spec(module) is None:
            return f"{module} cannot be imported"
    if name in NEEDS:
        try:
            get_package_share_directory(NEEDS[name])
        except PackageNotFoundError:
            return f"{NEEDS[name]} is not installed"
    return ""


@pytest.mark.timeout(LIMIT_S + 30)
@pytest.mark.parametrize("name", TESTS)
def test_launched(name, tmp_path):
    reason = why_not(name)
    if reason:
        if os.environ.get("VLA_REQUIRE_LAUNCH_TESTS") and name not in NEEDS:
            pytest.fail(f"launched/{name}.py cannot run: {reason}")
        pytest.skip(f"launched/{name}.py: {reason}")
    with claim_free_domain() as domain:
        environment = {
            **os.environ,
            VARIABLE: str(domain.number),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_HOME": str(tmp_path / "home"),
            "ROS_LOG_DIR": str(tmp_path / "log"),
            "PYTHONPATH": os.pathsep.join([str(FOLDER), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-m", "launch_testing.launch_test", f"{FOLDER / name}.py"]
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT_S
        )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-6000:]
