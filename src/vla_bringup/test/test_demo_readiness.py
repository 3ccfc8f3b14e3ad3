# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest

from vla_bringup.demo.readiness import ENOUGH_IMAGES, Signs, missing

READY = Signs(
    images=ENOUGH_IMAGES,
    room_seed=3,
    located=True,
    gate_answers=True,
    gate_commands=True,
    node_listens=True,
    node_says="",
    monitor_reports=True,
)


def test_nothing_is_missing_when_all_is_ready():
    assert missing(READY) == []


def test_everything_is_missing_at_first():
    assert {part.process for part in missing(Signs())} == {
        "vla_sim",
        "vla_safety",
        "vla_node",
        "vla_monitor",
    }


@pytest.mark.parametrize(
    ("change", "process"),
    [
        ({"images": ENOUGH_IMAGES - 1}, "vla_sim"),
        ({"room_seed": None}, "vla_sim"),
        ({"located": False}, "vla_sim"),
        ({"gate_answers": False}, "vla_safety"),
        ({"gate_commands": False}, "vla_safety"),
        ({"node_listens": False}, "vla_node"),
        ({"node_says": "no policy is loaded"}, "vla_node"),
        ({"monitor_reports": False}, "vla_monitor"),
    ],
)
def test_missing_part_is_told_with_its_process(change, process):
    (part,) = missing(dataclasses.replace(READY, **change))
    assert part.process == process


def test_seed_zero_is_a_room():
    assert missing(dataclasses.replace(READY, room_seed=0)) == []


def test_what_the_node_says_is_passed_on():
    (part,) = missing(dataclasses.replace(READY, node_says="no policy is loaded"))
    assert "no policy is loaded" in part.words
