# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vla_bringup.parameters import read_parameter, write_overrides

CONFIG = Path(__file__).parents[1] / "config"


def test_written_override_is_read_back(tmp_path):
    path = tmp_path / "overrides.yaml"
    write_overrides(path, {"vla_sim": {"seed": 7}, "vla_node": {"policy": "other"}})
    assert read_parameter(path, "seed") == 7
    assert read_parameter(path, "policy") == "other"


def test_overrides_hold_in_every_namespace(tmp_path):
    path = tmp_path / "overrides.yaml"
    write_overrides(path, {"vla_sim": {"seed": 7}, "vla_node": {}})
    assert yaml.safe_load(path.read_text()) == {"/**/vla_sim": {"ros__parameters": {"seed": 7}}}


def test_nothing_to_override_is_an_empty_file(tmp_path):
    path = tmp_path / "overrides.yaml"
    write_overrides(path, {})
    assert yaml.safe_load(path.read_text()) == {}


def test_missing_parameter_reads_as_none(tmp_path):
    path = tmp_path / "node.yaml"
    path.write_text("/**/node:\n  ros__parameters:\n    other: 1\n")
    assert read_parameter(path, "seed") is None


@pytest.mark.parametrize("path", sorted(CONFIG.glob("vla_*.yaml")), ids=lambda path: path.name)
def test_parameter_files_hold_in_every_namespace(path):
    nodes = yaml.safe_load(path.read_text())
    assert list(nodes) == [f"/**/{path.stem}"]
