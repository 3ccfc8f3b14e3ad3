# SPDX-License-Identifier: Apache-2.0
"""The parameter file that the robot starts with says what the code says."""

from pathlib import Path

import yaml

from vla_safety.settings import Settings

FILE = Path(__file__).parents[2] / "vla_bringup" / "config" / "vla_safety.yaml"
DEVIATIONS: dict[str, object] = {}  # name -> value, for what the file sets on purpose


def flat(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_file_and_code_have_the_same_parameters_and_values():
    tree = yaml.safe_load(FILE.read_text())
    in_file = dict(flat(tree["/**/vla_safety"]["ros__parameters"]))
    in_code = {k: v for k, v in Settings.from_values().values.items() if v is not None}
    assert in_file == in_code | DEVIATIONS
