# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from types import SimpleNamespace

import pytest

from vla_bringup.health import complaints

OK, WARN, ERROR, STALE = (bytes([level]) for level in range(4))


def heard(gate=OK, policy=OK):
    return {
        "vla_safety: Gate": SimpleNamespace(level=gate, message="of the gate"),
        "vla_node: Inference": SimpleNamespace(level=policy, message="of the policy"),
        "vla_node: Instruction": SimpleNamespace(level=OK, message="none"),
    }


@pytest.mark.parametrize("level", [OK, WARN])
def test_robot_without_errors_is_well(level):
    assert complaints(heard(gate=level, policy=level)) == []


@pytest.mark.parametrize("level", [ERROR, STALE])
def test_error_is_told_with_its_message(level):
    assert complaints(heard(policy=level)) == ["vla_node: Inference: of the policy"]
    assert complaints(heard(gate=level)) == ["vla_safety: Gate: of the gate"]


def test_silent_gate_is_a_complaint():
    silent = {name: each for name, each in heard().items() if name.startswith("vla_node")}
    assert complaints(silent) == ["vla_safety reports nothing"]


def test_nobody_there_is_a_complaint_for_each_node():
    assert complaints({}) == ["vla_safety reports nothing", "vla_node reports nothing"]


def test_errors_of_nodes_that_only_watch_do_not_count():
    watched = {**heard(), "vla_monitor: Camera": SimpleNamespace(level=ERROR, message="dark")}
    assert complaints(watched) == []
